// Forms made from the fields that the device tells: a key that stays empty is left out of the file, and has its default.
import { element } from "/common.js";

const FIRST = ["region", "matches", "format", "unit", "min", "max"]; // of the tables in a region; the others are folded away
let count = 0;

function title(name) {
  return name.replaceAll("_", " ").replace(/ s$/, " (seconds)").replace(/^min /, "least ").replace(/^max /, "most ");
}

function told(value) {
  if (value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length)) return "none";
  return String(value);
}

// Reads an input; undefined for "left out".
function read(field, input) {
  const text = input.value.trim();
  if (text === "") return undefined;
  if (field.kind === "whole" || field.kind === "number") return Number(text);
  if (field.kind === "choice") return field.choices[Number(text)];
  if (field.kind === "list") return text.split(",").map((part) => part.trim()).filter(Boolean);
  if (field.kind === "corners") {
    const numbers = (text.match(/-?\d+(\.\d+)?/g) || []).map(Number);
    return [0, 2, 4, 6].map((first) => numbers.slice(first, first + 2));
  }
  return input.value;
}

function written(field, value) {
  if (value === undefined) return "";
  if (field.kind === "choice") return String(field.choices.indexOf(value));
  if (field.kind === "list") return value.join(", ");
  if (field.kind === "corners") return value.map((corner) => corner.join(",")).join("  ");
  return String(value);
}

function single(field, settings, changed) {
  const label = element("label");
  const help = element("span", field.help, "small");
  let input;
  if (field.kind === "choice") {
    input = element("select");
    const usual = element("option", field.optional ? "not set" : `default (${told(field.default)})`);
    usual.value = "";
    input.append(usual, ...field.choices.map((choice, index) => {
      const option = element("option", told(choice));
      option.value = String(index);
      return option;
    }));
  } else {
    input = element("input");
    const isNumber = field.kind === "whole" || field.kind === "number";
    input.type = isNumber ? "number" : "text";
    if (isNumber) {
      input.step = field.kind === "whole" ? "1" : "any";
      if (field.least !== null) input.min = field.least;
      if (field.most !== null && field.most < 1e6) input.max = field.most;
    }
    input.placeholder = field.kind === "corners" ? "the whole picture" : told(field.default);
    input.autocomplete = "off";
    input.spellcheck = false;
  }
  input.id = `field-${++count}`;
  input.dataset.field = field.name;
  input.value = written(field, settings[field.name]);
  if (field.help) {
    help.id = `${input.id}-help`;
    input.setAttribute("aria-describedby", help.id);
  }
  input.addEventListener("input", () => {
    const value = read(field, input);
    if (value === undefined) delete settings[field.name];
    else settings[field.name] = value;
    changed(field.name);
  });
  label.append(element("span", title(field.name)), input);
  if (field.help) label.append(help);
  return label;
}

function table(field, settings, changed) {
  const box = element("fieldset");
  const label = element("label", undefined, "check");
  const check = element("input");
  const inner = element("div", undefined, "fields");
  check.type = "checkbox";
  check.dataset.field = field.name;
  check.checked = settings[field.name] !== undefined;
  const fill = () => inner.replaceChildren(...(check.checked ? [form(field.fields, settings[field.name], changed, FIRST)] : []));
  check.addEventListener("change", () => {
    if (check.checked) settings[field.name] = {};
    else delete settings[field.name];
    fill();
    changed(field.name);
  });
  const words = { value: "It shows a number", when: "It counts only when another region says something" };
  label.append(check, element("span", words[field.name] || title(field.name)));
  box.append(label, inner);
  fill();
  return box;
}

function flag(field, settings, changed) {
  const label = element("label", undefined, "check");
  const input = element("input");
  input.type = "checkbox";
  input.checked = settings[field.name] ?? field.default;
  input.dataset.field = field.name;
  input.addEventListener("change", () => {
    settings[field.name] = input.checked;
    changed(field.name);
  });
  label.append(input, element("span", title(field.name)));
  return label;
}

function made(field, settings, changed) {
  const kinds = { table, flag };
  return (kinds[field.kind] || single)(field, settings, changed);
}

// Fields; those not in "first" are folded away.
export function form(fields, settings, changed, first = null) {
  const box = element("div", undefined, "fields");
  if (!first) {
    box.append(...fields.map((field) => made(field, settings, changed)));
    return box;
  }
  const byName = new Map(fields.map((field) => [field.name, field]));
  box.append(...first.filter((name) => byName.has(name)).map((name) => made(byName.get(name), settings, changed)));
  const rest = element("details");
  const inner = element("div", undefined, "fields");
  inner.append(...fields.filter((field) => !first.includes(field.name)).map((field) => made(field, settings, changed)));
  rest.append(element("summary", "More options"), inner);
  if (inner.children.length) box.append(rest);
  return box;
}
