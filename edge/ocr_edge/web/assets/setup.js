import { clock, element, fetched, get, pause, percent, sureness, watchState } from "/common.js";
import { boxed, Canvas, unboxed } from "/setup-canvas.js";
import { form } from "/setup-form.js";
import { focus, receivers } from "/setup-tools.js";

const FIRST = ["name", "value", "pattern", "min_confidence", "text_height", "polarity"]; // the others are folded away
const HINT = "Tap a region to choose it; drag it or its corners. The dot marks the top left of the text.";
let told = null; // what the device says of the file
let model = null; // the set-up as it is on this page
let saved = ""; // the same as it is in the file
let still = null;
let picked = null; // {kind, index}
let trials = new Map(); // name of a region → what it would say
let suggested = [];
const cards = [];

const canvas = new Canvas(get("canvas"), {
  changed(kind, index, points) {
    if (kind === "mark") model.marks[index] = unboxed(points);
    else {
      model.regions[index].settings.corners = points;
      const field = cards[index]?.querySelector("[data-field=corners]");
      if (field) field.value = points.map((corner) => corner.join(",")).join("  ");
    }
    changed();
  },
  chosen: choose,
  finished(kind, points) {
    for (const id of ["draw-region", "draw-mark"]) get(id).setAttribute("aria-pressed", "false");
    hint(HINT);
    if (!points) return;
    if (kind === "mark") model.marks.push(unboxed(points));
    else model.regions.push({ was: null, settings: { name: freshName(), corners: points } });
    picked = { kind, index: (kind === "mark" ? model.marks : model.regions).length - 1 };
    rebuild();
    changed();
    if (kind === "region") get("canvas").querySelector(".chosen")?.focus({ preventScroll: true });
  },
});

function post(path, what) {
  return fetched(`/setup/${path}`, { method: "POST", body: JSON.stringify(what) });
}

function hint(text) {
  get("hint").textContent = text;
}

function refused(text) {
  get("refused").textContent = text;
  get("refused").hidden = !text;
}

function freshName(stem = "region") {
  const names = model.regions.map((region) => region.settings.name);
  for (let number = 1; ; number += 1) if (!names.includes(`${stem}-${number}`)) return `${stem}-${number}`;
}

function nameOf(region) {
  return region.settings.name ?? "picture";
}

function wanted() {
  return { regions: model.regions, marks: model.marks, picture: model.picture, stabilize: model.stabilize };
}

function isDirty() {
  return JSON.stringify(wanted()) !== saved;
}

function labelOf(region) {
  const trial = trials.get(nameOf(region));
  if (!trial) return nameOf(region);
  return trial.why ? `${nameOf(region)}: ${trial.why}` : `${nameOf(region)}: ${trial.value || trial.text} ${percent(trial.confidence)}`;
}

function paint() {
  if (!still) return;
  const shapes = model.regions.map((region, index) => {
    const trial = trials.get(nameOf(region));
    const paint = !trial ? "none" : trial.why ? "poor" : sureness(trial.confidence);
    return { kind: "region", index, points: region.settings.corners || null, name: nameOf(region), paint, label: labelOf(region) };
  });
  shapes.push(...model.marks.map((box, index) => ({ kind: "mark", index, points: boxed(box), name: `${index + 1}`, paint: "mark", label: `mark ${index + 1}` })));
  canvas.show([still.width, still.height], shapes.filter((shape) => !shape.points || shape.points.every((point) => point.length === 2)), picked);
}

// What is shown of a region beside the picture, where its form stays as it is.
function summarize() {
  model.regions.forEach((region, index) => {
    const card = cards[index];
    const trial = trials.get(nameOf(region));
    card.querySelector(".name").textContent = nameOf(region);
    const reads = card.querySelector(".reads");
    reads.textContent = !trial ? "" : trial.why ? trial.why : `${trial.value || trial.text} · ${percent(trial.confidence)}`;
    reads.className = `reads ${!trial ? "" : trial.why ? "poor" : sureness(trial.confidence)}`;
    const why = card.querySelector(".why");
    if (why) why.textContent = trial ? `Now: ${trial.said}${trial.advice ? `. ${trial.advice[0].toUpperCase()}${trial.advice.slice(1)}` : ""}` : "";
  });
}

let asks = 0;
let trying = false;

// Tries the set-up as it is; one question at a time, the newest wins.
async function tryIt() {
  asks += 1;
  if (trying || !still) return;
  trying = true;
  for (let mine = -1; mine !== asks;) {
    mine = asks;
    await pause(300);
    if (mine !== asks) continue;
    get("trying").hidden = false;
    try {
      const answer = await post("try", { still: still.number, wanted: wanted() });
      if (mine !== asks) continue;
      trials = new Map(answer.trials.map((trial) => [trial.region, trial]));
      refused(answer.problem ? `In this picture: ${answer.problem}.` : "");
    } catch (error) {
      if (mine !== asks) continue;
      trials = new Map();
      refused(error.message);
    }
    get("trying").hidden = true;
    paint();
    summarize();
  }
  trying = false;
}

function changed() {
  get("said").textContent = "";
  get("save").disabled = !isDirty();
  get("whole").hidden = model.regions.length > 0;
  if (picked?.kind === "region") trials.delete(nameOf(model.regions[picked.index]));
  paint();
  tryIt();
}

function choose(kind, index) {
  picked = { kind, index };
  rebuild();
  if (kind === "mark") get("marks-part").open = true;
  get("canvas").querySelector(`[data-key="${kind} ${index}"]`)?.focus({ preventScroll: true });
}

function removed(kind, index) {
  (kind === "mark" ? model.marks : model.regions).splice(index, 1);
  picked = null;
  rebuild();
  changed();
}

function action(text, act) {
  const made = element("button", text);
  made.type = "button";
  made.addEventListener("click", act);
  return made;
}

async function explain(index, place) {
  place.replaceChildren(element("p", "drawing …", "small"));
  try {
    const answer = await post("explain", { still: still.number, wanted: wanted(), region: nameOf(model.regions[index]) });
    place.replaceChildren(...answer.pictures.map((name) => {
      const image = element("img");
      image.alt = `Step ${name.replace(".png", "")}`;
      image.src = `/setup/explained.png?number=${answer.number}&name=${name}`;
      return image;
    }));
  } catch (error) {
    place.replaceChildren(element("p", error.message, "poor"));
  }
}

function card(region, index) {
  const root = element("div", undefined, "region");
  const isOpen = picked?.kind === "region" && picked.index === index;
  const head = element("button");
  head.type = "button";
  head.setAttribute("aria-expanded", String(isOpen));
  head.append(element("span", nameOf(region), "name"), element("span", "", "reads"));
  head.addEventListener("click", () => {
    picked = isOpen ? null : { kind: "region", index };
    rebuild();
    get("regions").children[index]?.firstChild.focus();
  });
  root.append(head);
  if (!isOpen) return root;
  const body = element("div", undefined, "body");
  const pictures = element("div");
  const controls = element("div", undefined, "controls");
  controls.append(
    action("Turn the corners", () => {
      const corners = region.settings.corners;
      if (!corners) return;
      region.settings.corners = [...corners.slice(1), corners[0]];
      rebuild();
      changed();
    }),
    action("Explain", () => explain(index, pictures)),
    action("Remove", () => removed("region", index)),
  );
  body.append(element("p", "", "why small"), controls, pictures, form(told.form.region, region.settings, changed, FIRST));
  root.append(body);
  return root;
}

function rebuild() {
  cards.splice(0, cards.length, ...model.regions.map(card));
  get("regions").replaceChildren(...cards);
  get("marks").replaceChildren(...model.marks.map((box, index) => {
    const chip = element("span");
    chip.append(action(`mark ${index + 1}`, () => choose("mark", index)), action("Remove", () => removed("mark", index)));
    return chip;
  }));
  get("no-reference").hidden = told.has_reference || told.masked;
  get("draw-mark").hidden = !told.has_reference;
  get("suggestions").replaceChildren(...suggested.map((each) => {
    const chip = action(`${each.taken ? "✓" : "+"} ${each.text || each.why}${each.text ? ` (${percent(each.confidence)})` : ""}`, () => {
      each.taken = true; // it stays where it is: nothing else moves below the finger
      model.regions.push({ was: null, settings: { ...each.settings, name: freshName(each.settings.name.replace(/-\d+$/, "")) } });
      picked = { kind: "region", index: model.regions.length - 1 };
      rebuild();
      changed();
    });
    chip.disabled = each.taken;
    return chip;
  }));
  get("whole").hidden = model.regions.length > 0;
  paint();
  summarize();
}

async function load() {
  told = await fetched("/setup/state.json");
  const before = picked;
  model = structuredClone(told.content);
  saved = JSON.stringify(wanted());
  picked = before?.kind === "region" && model.regions[before.index] ? before : null;
  get("undo").hidden = !told.can_undo;
  get("apply").hidden = told.is_taken;
  get("reference").hidden = !told.has_reference;
  get("save").disabled = true;
  get("picture-form").replaceChildren(form(told.form.picture, model.picture, changed));
  get("stabilize-form").replaceChildren(form(told.form.stabilize, model.stabilize, changed));
  get("file").textContent = `Saved in ${told.file}; comments in it stay, and the version before is kept beside it. Source, receivers and the address of this page are changed there, and need a restart.`;
  receivers(told.receivers);
  rebuild();
}

async function take(of) {
  hint("Taking a picture …");
  try {
    still = await post("still", { of });
    const image = get("still");
    image.src = `/setup/still.jpg?number=${still.number}`;
    await image.decode().catch(() => {});
    image.hidden = false;
    get("still-age").textContent = `${of === "reference" ? "The reference, from" : "Held since"} ${clock(still.time)}, ${still.width} x ${still.height}${still.masked ? "; the rest is covered by picture.blank_outside" : ""}${still.problem ? `; ${still.problem}` : ""}`;
    hint(HINT);
    suggested = [];
    trials = new Map();
    rebuild();
    tryIt();
    return true;
  } catch (error) {
    hint(error.message);
    return false;
  }
}

// Sends something that changes the file, and shows what came of it.
async function put(path, what, done) {
  for (const id of ["save", "undo", "apply"]) get(id).disabled = true;
  get("said").textContent = "applying …";
  refused("");
  try {
    const answer = await post(path, what);
    await load();
    get("said").textContent = answer.note ? `${done}. ${answer.note}` : `${done}.`;
    tryIt();
  } catch (error) {
    get("said").textContent = "";
    refused(error.message);
    get("save").disabled = !isDirty();
  }
  for (const id of ["undo", "apply"]) get(id).disabled = false;
}

function startDrawing(kind, button) {
  const isOff = button.getAttribute("aria-pressed") === "true";
  for (const id of ["draw-region", "draw-mark"]) get(id).setAttribute("aria-pressed", "false");
  button.setAttribute("aria-pressed", String(!isOff));
  canvas.draw(isOff ? null : kind);
  const four = kind === "region" ? ", or tap its four corners: top left, top right, bottom right, bottom left, as somebody reads it" : "";
  hint(isOff ? HINT : `Drag a box round ${kind === "region" ? "the text, with a margin of a third of its height" : "something that never moves"}${four}. Enter: a box in the middle; Escape: none.`);
}

get("freeze").addEventListener("click", () => take("camera"));
get("reference").addEventListener("click", () => take("reference"));
get("draw-region").addEventListener("click", (event) => startDrawing("region", event.currentTarget));
get("draw-mark").addEventListener("click", (event) => startDrawing("mark", event.currentTarget));
get("make-reference").addEventListener("click", () => {
  if (isDirty()) refused("Save first; then make this picture the reference.");
  else put("reference", { still: still.number }, "It is the reference now");
});
get("suggest").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  button.disabled = true;
  hint("Looking for text; this may take half a minute …");
  try {
    suggested = (await post("suggest", { still: still.number })).suggestions;
    hint(suggested.length ? "Tap what you want; the likeliest comes first." : "No text found; come nearer, or draw the region yourself.");
    rebuild();
  } catch (error) {
    hint(error.message);
  }
  button.disabled = false;
});
get("save").addEventListener("click", () => put("save", { hash: told.hash, wanted: wanted() }, "Saved and applied"));
get("undo").addEventListener("click", () => put("undo", { hash: told.hash }, "The version before is back"));
get("apply").addEventListener("click", () => put("apply", {}, "Applied"));
addEventListener("beforeunload", (event) => { if (model && isDirty()) event.preventDefault(); });

focus(() => (told ? told.content.regions.filter((region) => region.settings.corners).map(nameOf) : []));
watchState(5000, () => {});
(async () => {
  try {
    await load();
  } catch (error) {
    refused(error.message);
    return;
  }
  while (!(await take("camera"))) await pause(2000);
})();
