// Keeps a secret in a first-party cookie, and tells which one the browser keeps.

const FORM = /^[0-9a-f]{32}$/;
const MAX_AGE_S = 400 * 24 * 3600; // the longest that browsers allow

// A browser that blocks cookies ignores a new one, or throws as in a sandboxed frame.
function kept(name) {
  try {
    const found = document.cookie.split("; ").find((each) => each.startsWith(`${name}=`));
    const value = found?.slice(name.length + 1) ?? "";
    return FORM.test(value) ? value : "";
  } catch {
    return "";
  }
}

function keep(name, value) {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  try {
    document.cookie = `${name}=${value}; Path=/; Max-Age=${MAX_AGE_S}; SameSite=Strict${secure}`;
  } catch {
    // `kept` shows that it was not possible.
  }
}

export default function ({ data, setStateValue }) {
  // Another tab may have been first.
  keep(data.name, kept(data.name) || data.secret);
  const now = kept(data.name);
  if (now !== data.known) setStateValue("kept", now);
}
