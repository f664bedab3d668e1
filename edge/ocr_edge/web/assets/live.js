import { clock, deviceTime, drawn, element, fetched, get, pause, percent, seen, span, sureness, watchState } from "/common.js";

const cards = new Map(); // region → its card
let paused = false;
let resume = () => {};
let told = null; // what was seen in the picture that is shown

function card(region) {
  if (cards.has(region)) return cards.get(region);
  const root = element("article", undefined, "card");
  const parts = { root, text: element("p", "–", "text"), sure: element("p"), now: element("p", "", "small"), steps: element("p", "", "small"), problem: element("p", "", "poor") };
  root.setAttribute("aria-label", `Region ${region}`);
  root.append(element("h3", region), parts.text, parts.sure, parts.problem, parts.now, parts.steps);
  get("readings").append(root);
  cards.set(region, parts);
  return parts;
}

function showSaid(reading, now) {
  const { text, sure } = card(reading.region);
  const value = reading.value === null ? reading.text : `${reading.text}${reading.unit ? ` ${reading.unit}` : ""}`;
  const shown = value || reading.raw || "–";
  if (text.textContent !== shown) text.textContent = shown;
  sure.replaceChildren();
  if (reading.why) {
    sure.append(element("span", reading.why, "poor"));
  } else {
    const meter = element("meter");
    meter.value = reading.confidence;
    meter.setAttribute("aria-label", "confidence");
    sure.append(meter, element("span", ` ${percent(reading.confidence)} sure`, sureness(reading.confidence)));
  }
  sure.append(element("span", ` · ${span(now - reading.time)} ago`, "small"));
}

function showSeen(region) {
  const { now, steps, problem } = card(region.region);
  problem.textContent = region.problem;
  if (region.text === undefined) {
    now.textContent = "";
  } else {
    now.textContent = region.text ? `In this picture: ${region.text} (${percent(region.confidence)})` : `In this picture: nothing (${region.why || "no text"})`;
  }
  const { total, ...each } = region.timing_ms || {};
  const list = Object.entries(each).map(([step, ms]) => `${step} ${ms.toFixed(0)}`);
  steps.textContent = total === undefined ? "" : `${total.toFixed(0)} ms: ${list.join(", ")}`;
}

function drawBoxes() {
  const place = get("boxes");
  place.replaceChildren();
  if (!told) return;
  place.setAttribute("viewBox", `0 0 ${told.width} ${told.height}`);
  const size = told.width / (place.clientWidth || 960) * 14; // 14 pixels of the screen
  const label = (x, y, text) => {
    const left = Math.min(Math.max(x, 2), told.width - text.length * size * 0.6);
    place.append(drawn("text", { x: Math.max(left, 2), y: Math.max(y, size), "font-size": size, "stroke-width": size / 5 }, text));
  };
  for (const region of told.regions) {
    const kind = region.problem ? "poor" : region.text ? sureness(region.confidence) : "none";
    const framed = region.corners && get("regions").checked;
    // One label for a region of one line: more would cover each other on a phone.
    const single = framed && region.lines.length === 1;
    if (framed) {
      place.append(drawn("polygon", { points: region.corners.map((corner) => corner.join(",")).join(" "), class: kind }));
      const left = Math.min(...region.corners.map((corner) => corner[0]));
      const top = Math.min(...region.corners.map((corner) => corner[1]));
      const said = single ? `${region.lines[0].text} ${percent(region.lines[0].confidence)}` : "";
      label(left, top - size * 0.35, [region.region, region.problem || said].filter(Boolean).join(": "));
    }
    for (const line of region.lines) {
      const [x, y, width, height] = line.box;
      place.append(drawn("rect", { x, y, width, height, class: sureness(line.confidence) }));
      if (!single) label(x, y - size * 0.35, `${line.text} ${percent(line.confidence)}`);
      if (!get("characters").checked) continue;
      for (const [text, confidence, box] of line.characters) {
        const made = drawn("rect", { x: box[0], y: box[1], width: box[2], height: box[3], class: `thin ${sureness(confidence)}` });
        made.append(drawn("title", {}, `${text} ${percent(confidence)}`));
        place.append(made);
      }
    }
  }
}

function showAge() {
  if (!told) return;
  const age = deviceTime() - told.time;
  get("age").textContent = `${paused ? "Paused at" : "Taken"} ${clock(told.time)}${age > 10 ? `, ${span(age)} ago` : ""}`;
}

async function watch() {
  let after = -1;
  let wait = 1000;
  for (;;) {
    await seen();
    if (paused) await new Promise((done) => { resume = done; });
    try {
      const next = await fetched(`/live.json?after=${after}`);
      wait = 1000;
      if (!next) continue;
      after = next.number;
      const image = new Image();
      image.src = `/live.jpg?number=${after}`;
      await image.decode().catch(() => {});
      if (!image.naturalWidth || paused) continue; // gone already: the next one is there
      const shown = get("picture");
      image.id = "picture";
      image.alt = shown.alt;
      shown.replaceWith(image);
      told = next;
      drawBoxes();
      told.regions.forEach(showSeen);
      showAge();
    } catch {
      await pause(wait);
      wait = Math.min(2 * wait, 10000);
    }
  }
}

get("pause").addEventListener("click", () => {
  paused = !paused;
  get("pause").setAttribute("aria-pressed", String(paused));
  showAge();
  if (!paused) resume();
});
for (const id of ["regions", "characters"]) get(id).addEventListener("change", drawBoxes);
get("ask").addEventListener("click", () => fetched("/trigger", { method: "POST" }).catch(() => {}));
addEventListener("resize", drawBoxes);
setInterval(showAge, 1000);
watch();
watchState(2000, (state) => {
  get("ask").hidden = !state.can_ask;
  state.regions.forEach(card);
  for (const [region, parts] of cards) {
    if (state.regions.includes(region)) continue;
    parts.root.remove();
    cards.delete(region);
  }
  for (const reading of state.readings) if (cards.has(reading.region)) showSaid(reading, state.time);
});
