import { clock, drawn, element, fetched, get, percent, sureness, watchState } from "/common.js";

let left = []; // samples without a label, the one that is shown first
let done = []; // those that were labelled here, for undo
let total = 0, labelled = 0, place = 0; // place: among the texts that the arrow keys go through
const saving = new Map(); // sample → what is being saved of it
const field = get("text");
const isTouched = matchMedia("(pointer: coarse)").matches;

// Kept alive, so that a label is not lost to whoever goes to another page right after it.
function post(address, what) {
  const headers = { "Content-Type": "application/json" };
  return fetched(address, { method: "POST", headers, body: JSON.stringify(what), keepalive: true });
}

// At once, but after what is being saved of the same sample.
function save(sample, text) {
  const what = { id: sample.id, text };
  const before = saving.get(sample.id);
  const job = before ? before.catch(() => {}).then(() => post("/sample-label", what)) : post("/sample-label", what);
  saving.set(sample.id, job);
  job.catch(() => {}).then(() => { if (saving.get(sample.id) === job) saving.delete(sample.id); });
  return job;
}

function saved() {
  return Promise.allSettled([...saving.values()]);
}

function address(sample) {
  return `/sample.png?id=${encodeURIComponent(sample.id)}`;
}

function say(text) {
  get("said").textContent = text;
}

function showCount() {
  get("progress").max = Math.max(total, 1);
  get("progress").value = labelled;
  get("count").textContent = `${labelled} of ${total}`;
  get("labelled").hidden = labelled === 0;
  get("undo").disabled = done.length === 0;
}

function drawStrip(sample) {
  const [high, wide] = sample.size;
  const strip = get("strip");
  strip.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  strip.setAttribute("aria-label", `The line that was read as ${sample.text || "nothing"}`);
  strip.replaceChildren(drawn("image", { href: address(sample), width: wide, height: high }));
  for (const [text, confidence, [x, y, width, height]] of sample.characters) {
    if (confidence >= 0.9) continue; // only what is in doubt is framed
    const made = drawn("rect", { x, y, width, height, class: sureness(confidence) });
    made.append(drawn("title", {}, `${text} ${percent(confidence)}`));
    strip.append(made);
  }
}

function showSuggestions(sample) {
  get("suggestions").replaceChildren(...sample.suggestions.map((text) => {
    const button = element("button", text, "text");
    button.type = "button";
    button.addEventListener("click", () => label(text));
    return button;
  }));
}

function showGroup(sample) {
  const others = sample.group ? left.slice(1).filter((each) => each.group === sample.group).slice(0, 8) : [];
  get("group").hidden = others.length === 0;
  get("group-title").textContent = `Others in doubt between ${[...sample.group].join(" ")}`;
  get("others").replaceChildren(...others.map((each) => {
    const made = element("button");
    const image = element("img");
    made.type = "button";
    image.src = address(each);
    image.alt = "";
    image.loading = "lazy";
    made.append(image, element("span", each.text, "text"));
    made.addEventListener("click", () => {
      left = [each, ...left.filter((other) => other !== each)];
      show();
    });
    return made;
  }));
}

function showVerb() {
  const sample = left[0];
  const text = field.value.trim();
  get("verb").textContent = !text ? "Unreadable" : sample && text === sample.text ? "As it was read" : "Correct it";
}

function show() {
  const sample = left[0];
  get("work").hidden = !sample;
  showCount();
  if (!sample) return;
  drawStrip(sample);
  const sure = sample.reason === "rejected" && !sample.confidence ? "not believed" : `${percent(sample.confidence)} sure`;
  get("about").textContent = `${sample.region}, ${clock(sample.time)}: ${sure}${sample.reason === "uncertain" ? "" : `; ${sample.why}`}`;
  field.value = sample.text;
  place = 0;
  showVerb();
  showSuggestions(sample);
  showGroup(sample);
  get("around").hidden = !sample.around;
  get("around").open = false;
  get("surroundings").removeAttribute("src");
  if (left[1]) new Image().src = address(left[1]);
  if (!isTouched) { // on a phone the keyboard would cover what is to be read
    field.focus();
    field.select();
  }
}

// The next one is shown at once; what cannot be saved comes back.
function label(text) {
  const sample = left.shift();
  if (!sample) return;
  done.push(sample);
  labelled += 1;
  say("");
  save(sample, text).catch((error) => {
    done = done.filter((each) => each !== sample);
    labelled -= 1;
    left.unshift(sample);
    say(`Not saved: ${error.message}.`);
    show();
  });
  if (left.length) show();
  else saved().then(ask);
}

function undo() {
  const sample = done.pop();
  if (!sample) return;
  labelled -= 1;
  left.unshift(sample);
  save(sample, null).catch((error) => say(`Not undone: ${error.message}.`));
  show();
}

function later() {
  if (left.length < 2) return;
  left.push(left.shift());
  show();
}

function change(by) {
  const texts = [left[0].text, ...left[0].suggestions];
  place = (place + by + texts.length) % texts.length;
  field.value = texts[place];
  showVerb();
}

async function ask() {
  try {
    const found = await fetched(`/samples.json?order=${get("order").value}`);
    ({ total, labelled } = found);
    left = found.samples;
    if (!left.length) {
      say(total ? "Every sample has its label." : found.harvests ? "No samples yet: everything was read for sure." : "Nothing is kept: the configuration has no [harvest].");
    }
    show();
  } catch (error) {
    say(error.message);
  }
}

const keys = { Escape: () => label(""), PageDown: later, PageUp: undo, ArrowDown: () => change(1), ArrowUp: () => change(-1) };
document.addEventListener("keydown", (event) => {
  const inField = event.target === field || event.target === document.body;
  if (!keys[event.key] || !inField || !left.length || event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.key.startsWith("Arrow") && event.target !== field) return;
  event.preventDefault();
  keys[event.key]();
});
get("label").addEventListener("submit", (event) => {
  event.preventDefault();
  label(field.value.trim());
});
field.addEventListener("input", showVerb);
get("unreadable").addEventListener("click", () => label(""));
get("later").addEventListener("click", later);
get("undo").addEventListener("click", undo);
get("order").addEventListener("change", () => saved().then(ask));
get("around").addEventListener("toggle", () => {
  if (get("around").open && left[0]) get("surroundings").src = `/sample-around.jpg?id=${encodeURIComponent(left[0].id)}`;
});
get("drop").addEventListener("click", async () => {
  if (!confirm(`Delete ${labelled} labelled samples? Download them first.`)) return;
  try {
    await saved();
    const { deleted } = await post("/samples-drop", {});
    done = [];
    await ask();
    say(`${deleted} deleted.`);
  } catch (error) {
    say(`Not deleted: ${error.message}.`);
  }
});
ask();
watchState(10000, () => {});
