// One Plotly figure. Zoom, hidden traces and the node itself stay as they are between updates.

const LIBRARY = "sleepExplorerPlotly"; // one load for all figures of the page

function library(source) {
  window[LIBRARY] ??= new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = source;
    script.onload = () => resolve(window.Plotly);
    script.onerror = () => {
      window[LIBRARY] = undefined; // so that the next figure tries again
      script.remove();
      reject(new Error(source));
    };
    document.head.append(script);
  });
  return window[LIBRARY];
}

function themed(layout, style) {
  const colour = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const axis = { gridcolor: colour("border-color"), linecolor: colour("border-color") };
  const axes = Object.keys(layout).filter((name) => /^[xy]axis\d*$/.test(name));
  return {
    ...layout,
    ...Object.fromEntries(axes.map((name) => [name, { ...axis, ...layout[name] }])),
    paper_bgcolor: "rgba(0,0,0,0)",
    plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: colour("font"), size: 13, color: colour("text-color"), ...layout.font },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: "#8A90A0", activecolor: colour("primary-color") },
    hoverlabel: {
      bgcolor: colour("secondary-background-color"),
      bordercolor: colour("border-color"),
      font: { family: colour("font"), size: 13, color: colour("text-color") },
      align: "left",
    },
  };
}

// A finger that draws over a chart is to scroll the page, a mouse is to zoom.
const FINGER = window.matchMedia("(pointer: coarse)").matches;

const CONFIG = {
  displaylogo: false,
  displayModeBar: FINGER ? false : "hover",
  doubleClick: "reset",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
};

export default function (component) {
  const { data, parentElement } = component;
  const node = parentElement.querySelector(".figure");
  const style = getComputedStyle(parentElement);
  const version = `${data.version} ${style.getPropertyValue("--st-text-color")}`;
  node.sleepAsked = version;
  if (node.sleepDrawn === version) return node.sleepLeave; // a rerun that changed nothing here
  node.style.height = `${data.height}px`;
  node.setAttribute("aria-label", data.alt);

  const draw = (plotly) => {
    const wanted = node.sleepAsked === version && node.sleepDrawn !== version;
    if (!wanted || !node.isConnected) return;
    const figure = JSON.parse(data.figure);
    const layout = themed(figure.layout, style);
    if (FINGER || data.quiet) layout.dragmode = false;
    const config = { ...CONFIG, toImageButtonOptions: { filename: data.name, format: "svg" } };
    if (data.quiet) config.displayModeBar = false;
    plotly.react(node, figure.data, layout, config);
    node.sleepDrawn = version;
    node.dataset.version = data.version;
    if (!node.sleepResized) watch(node, plotly);
  };
  const first = !node.sleepResized;
  library(data.source).then(
    (plotly) => {
      if (first) inTurn(node, () => draw(plotly));
      else inSight(node, () => draw(plotly));
    },
    () => {
      node.textContent =
        "The chart library did not load; reload the page. The numbers are below.";
    },
  );
  // Streamlit also calls this for an update that another one has overtaken: the node stays then.
  node.sleepLeave = () =>
    setTimeout(() => {
      if (node.isConnected) return;
      node.sleepResized?.disconnect();
      node.sleepSight?.disconnect();
      clearTimeout(node.sleepLater);
      window.Plotly?.purge(node);
      node.sleepDrawn = node.sleepLater = node.sleepResized = undefined;
    });
  return node.sleepLeave;
}

// New figures come one after the other from the top of the page down, and are seen in between.
const WAITING = [];

function inTurn(node, draw) {
  WAITING.push({ node, draw });
  if (WAITING.length === 1) setTimeout(next);
}

function next() {
  const top = ({ node }) => node.getBoundingClientRect().top;
  WAITING.sort((one, other) => top(one) - top(other));
  try {
    WAITING.shift().draw();
  } finally {
    if (WAITING.length) setTimeout(next);
  }
}

// A figure out of sight is drawn now and then: while a night goes on, the night makes better use of
// the processor.
const OUT_OF_SIGHT_MS = 2000;

function inSight(node, draw) {
  node.sleepDraw = draw;
  if (node.sleepSeen) draw();
  else node.sleepLater ??= setTimeout(() => drawLast(node), OUT_OF_SIGHT_MS);
}

function drawLast(node) {
  clearTimeout(node.sleepLater);
  node.sleepLater = undefined;
  node.sleepDraw?.();
}

function watch(node, plotly) {
  node.sleepSight = new IntersectionObserver((changes) => {
    node.sleepSeen = changes.at(-1).isIntersecting;
    if (node.sleepSeen) drawLast(node);
  });
  node.sleepSight.observe(node);
  let width = node.offsetWidth;
  node.sleepResized = new ResizeObserver(() => {
    if (!node.offsetWidth || node.offsetWidth === width) return;
    width = node.offsetWidth;
    plotly.Plots.resize(node);
  });
  node.sleepResized.observe(node);
}
