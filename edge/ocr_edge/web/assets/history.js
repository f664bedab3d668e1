import { clock, element, fetched, get, percent, sureness, watchState } from "/common.js";
import { plot } from "/plot.js";

const form = get("filter");
const fields = ["region", "from", "to", "text", "least", "kind"];
let before = null;
let asked = 0; // the newest question; answers to older ones are dropped

function addRegion(name) {
  const list = form.elements.region;
  if (!name || [...list.options].some((option) => option.value === name)) return;
  const option = element("option", name);
  option.value = name;
  list.append(option);
}

// What the form says, in the words of the device: epoch seconds and shares.
function query() {
  const wanted = new URLSearchParams();
  for (const name of fields) {
    let value = form.elements[name].value.trim();
    if (!value || (name === "kind" && value === "all")) continue;
    if (name === "from" || name === "to") value = new Date(value).getTime() / 1000;
    if (name === "least") value = Number(value) / 100;
    wanted.set(name, value);
  }
  return wanted;
}

function row(reading) {
  const made = element("tr");
  const value = reading.value === null ? "" : `${reading.value}${reading.unit ? ` ${reading.unit}` : ""}`;
  made.append(
    element("td", clock(reading.time)), element("td", reading.region), element("td", reading.text, "text"),
    element("td", value, "number"), element("td", reading.why ? "" : percent(reading.confidence), `number ${sureness(reading.confidence)}`),
    element("td", reading.why),
  );
  return made;
}

async function rows(question) {
  const wanted = query();
  if (before !== null) wanted.set("before", before);
  const page = await fetched(`/history.json?${wanted}`);
  if (question !== asked) return;
  if (before === null) get("rows").replaceChildren();
  get("rows").append(...page.rows.map(row));
  page.rows.forEach((reading) => addRegion(reading.region));
  before = page.next;
  get("older").hidden = before === null;
  const count = get("rows").children.length;
  get("said").textContent = count ? `${count} readings${before === null ? "" : ", newest first; there are more"}` : "No such readings.";
}

async function points(question) {
  const wanted = query();
  wanted.delete("kind");
  const found = await fetched(`/points.json?${wanted}`);
  if (question === asked) get("plot-text").textContent = plot(get("plot"), found.points, found.sampled);
}

async function ask() {
  const question = ++asked;
  before = null;
  get("csv").href = `/history.csv?${query()}`;
  try {
    await rows(question);
    // Values of several regions in one plot would be a zigzag.
    if (form.elements.region.value || form.elements.region.options.length === 2) await points(question);
    else {
      get("plot").replaceChildren();
      get("plot-text").textContent = "Choose a region to see its plot.";
    }
  } catch (error) {
    get("said").textContent = error.message;
  }
}

function remember() {
  const kept = new URLSearchParams([...new FormData(form)].filter(([, value]) => value && value !== "all"));
  history.replaceState(null, "", `?${kept}`);
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  remember();
  ask();
});
form.addEventListener("reset", () => setTimeout(() => { remember(); ask(); }));
get("older").addEventListener("click", () => rows(asked).catch((error) => { get("said").textContent = error.message; }));

const given = new URLSearchParams(location.search);
addRegion(given.get("region"));
for (const name of fields) if (given.has(name)) form.elements[name].value = given.get(name);
let first = true;
watchState(10000, (state) => {
  state.regions.forEach(addRegion);
  if (first) ask();
  first = false;
});
