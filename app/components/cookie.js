// Stores a secret in a first-party cookie, and returns the one that the browser stores.

const FORMAT = /^[0-9a-f]{32}$/;
const MAX_AGE_S = 400 * 24 * 3600; // the longest that browsers allow

// A browser that blocks cookies ignores a new one, or throws as in a sandboxed frame.
function stored(name) {
  try {
    const pair = document.cookie.split("; ").find((entry) => entry.startsWith(`${name}=`));
    const value = pair?.slice(name.length + 1) ?? "";
    return FORMAT.test(value) ? value : "";
  } catch {
    return "";
  }
}

function store(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  try {
    document.cookie = `${name}=${value}; Path=/; Max-Age=${MAX_AGE_S}; SameSite=Strict${secure}`;
  } catch {
    // `stored` returns "" then.
  }
}

export default function ({ data, setStateValue }) {
  // Another tab may have stored a secret first.
  store(data.name, stored(data.name) || data.secret);
  const secret = stored(data.name);
  if (secret !== data.known) setStateValue("stored", secret);
}
