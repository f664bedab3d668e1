import { clock, drawn, span } from "/common.js";

const WIDTH = 800, HEIGHT = 260, LEFT = 70, RIGHT = 20, TOP = 15, BOTTOM = 40;

// Round numbers that divide a span into about four.
function ticks(low, high) {
  const rough = (high - low) / 4 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-6; at += step) found.push(at);
  return found;
}

// Draws values over time, or how sure the readings were where they are no numbers; says in words what is drawn.
export function plot(place, points, sampled) {
  place.replaceChildren();
  if (!points.length) return "No believed readings to plot.";
  const numbers = points.some((point) => point[1] !== null);
  const shown = points.map(([time, value, confidence]) => [time, numbers ? value : 100 * confidence]).filter((point) => point[1] !== null);
  const times = shown.map((point) => point[0]), values = shown.map((point) => point[1]);
  let low = values.reduce((a, b) => Math.min(a, b)), high = values.reduce((a, b) => Math.max(a, b));
  const least = low, most = high;
  if (!numbers) [low, high] = [0, 100];
  if (low === high) [low, high] = [low - 1, high + 1];
  const first = times[0], last = times[times.length - 1];
  const x = (time) => LEFT + (last > first ? (time - first) / (last - first) : 0.5) * (WIDTH - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  for (const value of ticks(low, high)) {
    place.append(drawn("line", { x1: LEFT, x2: WIDTH - RIGHT, y1: y(value), y2: y(value), class: "grid" }));
    place.append(drawn("text", { x: LEFT - 8, y: y(value) + 4, "text-anchor": "end" }, String(Number(value.toPrecision(7)))));
  }
  const day = last - first > 86400;
  const format = day ? { month: "short", day: "numeric" } : { hour: "2-digit", minute: "2-digit", ...(last - first < 600 && { second: "2-digit" }) };
  for (const part of last > first ? [0, 0.5, 1] : [0.5]) {
    const time = first + part * (last - first);
    const anchor = part === 0 ? "start" : part === 1 ? "end" : "middle";
    const text = new Date(time * 1000)[day ? "toLocaleDateString" : "toLocaleTimeString"](undefined, format);
    place.append(drawn("text", { x: x(time), y: HEIGHT - 12, "text-anchor": anchor }, text));
  }
  place.append(drawn("polyline", { points: shown.map(([time, value]) => `${x(time).toFixed(1)},${y(value).toFixed(1)}`).join(" "), class: "line" }));
  if (shown.length < 100) for (const [time, value] of shown) place.append(drawn("circle", { cx: x(time), cy: y(value), r: 3, class: "dot" }));
  const what = numbers ? "values" : "confidences in %";
  const how = sampled ? " (one reading for each part of this span)" : "";
  const round = (value) => Number(value.toPrecision(7));
  return `${shown.length} ${what}${how} from ${round(least)} to ${round(most)}, ${clock(first)} to ${clock(last)} (${span(last - first)}).`;
}
