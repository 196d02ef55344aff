// Asks for its part of the page again, some time after the browser has shown it.

const BUSY_MS = 100;
const PATIENCE_MS = 2000; // after which an answer is taken to be lost

// So that widgets that were just moved tell where they stand now. There are times in which a browser
// is never idle.
const IDLE_MS = 500;
const whenIdle = (then) =>
  window.requestIdleCallback?.(then, { timeout: IDLE_MS }) ?? setTimeout(then);

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.sleepStop?.(); // the drawing before this one asks no more
  let timer;
  let over = false;
  const tell = () => over || setTriggerValue("again", data.drawn);
  const ask = () => {
    // Where Streamlit says nothing of itself, it is taken to be ready.
    const { testScriptState, testConnectionState } =
      document.querySelector("[data-testid=stApp]")?.dataset ?? {};
    const busy =
      ["initial", "running"].includes(testScriptState) ||
      (testConnectionState ?? "CONNECTED") !== "CONNECTED";
    timer = setTimeout(ask, busy ? BUSY_MS : PATIENCE_MS);
    if (!busy) whenIdle(tell);
  };
  timer = setTimeout(ask, 1000 * data.after_s);
  const stop = () => {
    over = true;
    clearTimeout(timer);
  };
  parentElement.sleepStop = stop;
  return stop;
}
