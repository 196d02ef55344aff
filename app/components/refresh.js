// Requests a new drawing of its part of the page, some time after the browser has shown it.

const BUSY_MS = 100;
const RETRY_MS = 2000; // after which a request counts as lost

// Waits until the browser is idle, so that widgets that were just moved send their values first.
// A browser may never be idle for a while, hence the limit.
const IDLE_MS = 500;
const whenIdle = (callback) =>
  window.requestIdleCallback?.(callback, { timeout: IDLE_MS }) ?? setTimeout(callback);

export default function ({ data, parentElement, setTriggerValue }) {
  parentElement.sleepStop?.(); // the previous drawing sends no more requests
  let timer;
  let stopped = false;
  const request = () => stopped || setTriggerValue("refresh", data.drawn);
  const requestWhenReady = () => {
    // If Streamlit does not publish its state, it counts as ready.
    const { testScriptState, testConnectionState } =
      document.querySelector("[data-testid=stApp]")?.dataset ?? {};
    const busy =
      ["initial", "running"].includes(testScriptState) ||
      (testConnectionState ?? "CONNECTED") !== "CONNECTED";
    timer = setTimeout(requestWhenReady, busy ? BUSY_MS : RETRY_MS);
    if (!busy) whenIdle(request);
  };
  timer = setTimeout(requestWhenReady, 1000 * data.after_s);
  const stop = () => {
    stopped = true;
    clearTimeout(timer);
  };
  parentElement.sleepStop = stop;
  return stop;
}
