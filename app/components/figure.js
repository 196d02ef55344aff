// One Plotly figure. Zoom, hidden traces and the DOM node stay the same across updates.

const LIBRARY = "sleepExplorerPlotly"; // all figures of the page share one load

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

// On a touch screen a drag over a chart scrolls the page; with a mouse it zooms.
const TOUCH = window.matchMedia("(pointer: coarse)").matches;

const CONFIG = {
  displaylogo: false,
  displayModeBar: TOUCH ? false : "hover",
  doubleClick: "reset",
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
};

export default function (component) {
  const { data, parentElement } = component;
  const node = parentElement.querySelector(".figure");
  const style = getComputedStyle(parentElement);
  const version = `${data.version} ${style.getPropertyValue("--st-text-color")}`;
  node.sleepRequested = version;
  if (node.sleepDrawn === version) return node.sleepCleanup; // this rerun changed nothing here
  node.style.height = `${data.height}px`;
  node.setAttribute("aria-label", data.alt);

  const draw = (plotly) => {
    const outdated = node.sleepRequested !== version || node.sleepDrawn === version;
    if (outdated || !node.isConnected) return;
    const figure = JSON.parse(data.figure);
    const layout = themed(figure.layout, style);
    if (TOUCH || data.static) layout.dragmode = false;
    const config = { ...CONFIG, toImageButtonOptions: { filename: data.name, format: "svg" } };
    if (data.static) config.displayModeBar = false;
    plotly.react(node, figure.data, layout, config);
    node.sleepDrawn = version;
    node.dataset.version = data.version;
    if (!node.sleepResized) observe(node, plotly);
  };
  const first = !node.sleepResized;
  library(data.source).then(
    (plotly) => {
      if (first) drawFromTheTop(node, () => draw(plotly));
      else drawWhenVisible(node, () => draw(plotly));
    },
    () => {
      node.textContent =
        "The chart library did not load; reload the page. The numbers are below.";
    },
  );
  // Streamlit calls this also for an update that a later one has replaced; the node stays then.
  node.sleepCleanup = () =>
    setTimeout(() => {
      if (node.isConnected) return;
      node.sleepResized?.disconnect();
      node.sleepVisibility?.disconnect();
      clearTimeout(node.sleepTimer);
      window.Plotly?.purge(node);
      node.sleepDrawn = node.sleepTimer = node.sleepResized = undefined;
    });
  return node.sleepCleanup;
}

// New figures are drawn one by one from the top of the page, and the browser paints in between.
const QUEUE = [];

function drawFromTheTop(node, draw) {
  QUEUE.push({ node, draw });
  if (QUEUE.length === 1) setTimeout(drawNext);
}

function drawNext() {
  const top = ({ node }) => node.getBoundingClientRect().top;
  QUEUE.sort((one, other) => top(one) - top(other));
  try {
    QUEUE.shift().draw();
  } finally {
    if (QUEUE.length) setTimeout(drawNext);
  }
}

// A figure out of sight is updated less often: the run needs the processor more.
const OUT_OF_SIGHT_MS = 2000;

function drawWhenVisible(node, draw) {
  node.sleepDraw = draw;
  if (node.sleepVisible) draw();
  else node.sleepTimer ??= setTimeout(() => drawLatest(node), OUT_OF_SIGHT_MS);
}

function drawLatest(node) {
  clearTimeout(node.sleepTimer);
  node.sleepTimer = undefined;
  node.sleepDraw?.();
}

function observe(node, plotly) {
  node.sleepVisibility = new IntersectionObserver((changes) => {
    node.sleepVisible = changes.at(-1).isIntersecting;
    if (node.sleepVisible) drawLatest(node);
  });
  node.sleepVisibility.observe(node);
  let width = node.offsetWidth;
  node.sleepResized = new ResizeObserver(() => {
    if (!node.offsetWidth || node.offsetWidth === width) return;
    width = node.offsetWidth;
    plotly.Plots.resize(node);
  });
  node.sleepResized.observe(node);
}
