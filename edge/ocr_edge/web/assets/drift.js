import { drawn, element, fetched, get, pause, seen } from "/common.js";

const WIDTH = 240, HEIGHT = 48;
const SIGNALS = { // name, factor, unit
  moved: ["Shift", 100, " %"], sharpness: ["Sharpness", 100, ""], brightness: ["Brightness", 1, ""],
  unread: ["Without a reading", 100, " %"], confidence: ["Confidence", 100, " %"],
};

function small(signal, days) {
  const [, factor, unit] = SIGNALS[signal.name];
  const known = signal.values.filter((value) => value !== null);
  if (!known.length) return null;
  const high = Math.max(...known, signal.usual || 0) * 1.1 || 1; // from zero on, so that heights compare
  const y = (value) => HEIGHT - Math.max(1, (value / high) * HEIGHT);
  const digits = signal.name === "moved" ? 1 : 0;
  const said = (value) => `${(factor * value).toFixed(digits)}${unit}`;
  const last = known[known.length - 1];
  const place = element("figure", undefined, "days");
  const picture = drawn("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const usual = signal.usual === null ? "" : `, usual ${said(signal.usual)}`;
  const moved = signal.strength >= 1 ? ", has moved" : "";
  picture.setAttribute("aria-label", `${SIGNALS[signal.name][0]} of ${known.length} days: ${said(last)} on the last${usual}${moved}`);
  const wide = WIDTH / Math.max(signal.values.length, 14);
  signal.values.forEach((value, index) => {
    if (value === null) return;
    const bar = drawn("rect", { x: index * wide, y: y(value), width: Math.max(wide * 0.8, 0.6), height: HEIGHT - y(value) });
    bar.append(drawn("title", {}, `${days[index]}: ${said(value)}`));
    picture.append(bar);
  });
  if (signal.usual !== null) picture.append(drawn("line", { x1: 0, x2: WIDTH, y1: y(signal.usual), y2: y(signal.usual) }));
  place.append(element("figcaption", `${SIGNALS[signal.name][0]} ${said(last)}${usual}`, signal.strength >= 1 ? "poor" : ""), picture);
  return place;
}

function card(report) {
  const root = element("article", undefined, "card");
  root.setAttribute("aria-label", `Region ${report.region} over time`);
  root.append(element("h3", report.region), element("p", report.text, report.act ? "poor" : ""));
  root.append(...report.signals.map((signal) => small(signal, report.days)).filter(Boolean));
  if (report.act) {
    const button = element("button", "This is how it is now");
    button.setAttribute("aria-label", `Learn anew what is usual in ${report.region}`);
    button.addEventListener("click", () => accept(report.region));
    root.append(button);
  }
  return root;
}

function say(text) {
  get("drift-said").textContent = text;
  get("drift-said").hidden = !text;
}

let shown = "";
async function look() {
  const told = await fetched("/drift.json");
  const now = JSON.stringify(told);
  if (now === shown) return;
  shown = now;
  get("drift").replaceChildren(...told.regions.map(card));
}

async function accept(region) {
  try {
    await fetched("/drift/accept", { method: "POST", body: JSON.stringify({ region }) });
    say(`${region}: it learns what is usual from today on.`);
    await look();
  } catch (error) {
    say(error.message);
  }
}

(async () => {
  for (;;) {
    await seen();
    await look().catch((error) => say(error.message));
    await pause(60000); // days change slowly
  }
})();
