// A card's Markdown as elements: headings, tables, lists, paragraphs, bold and code. Everything is set as text; pictures
// and addresses are left out, so that a card can neither load nor run anything.

import { element } from "/common.js";

function inline(place, text) {
  const plain = text.replace(/!\[([^\]]*)\]\([^)]*\)/g, "").replace(/\[([^\]]*)\]\([^)]*\)/g, "$1");
  for (const part of plain.split(/(``.+?``|`[^`]+`|\*\*[^*]+\*\*)/)) {
    if (part.startsWith("`")) place.append(element("code", part.replace(/^`+ ?| ?`+$/g, "")));
    else if (part.startsWith("**")) place.append(element("strong", part.slice(2, -2)));
    else place.append(part);
  }
  return place;
}

function row(line, name) {
  const made = element("tr");
  const cells = line.trim().replace(/^\||\|$/g, "").split("|");
  made.append(...cells.map((cell) => inline(element(name), cell.trim())));
  return made;
}

function table(lines) {
  const place = element("div", undefined, "scroll"), made = element("table"), head = element("thead"), body = element("tbody");
  place.tabIndex = 0; // by keyboard too
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", "Table of the card");
  head.append(row(lines[0], "th"));
  body.append(...lines.slice(2).map((line) => row(line, "td")));
  made.append(head, body);
  place.append(made);
  return place;
}

function block(lines) {
  const heading = /^(#+) (.*)/.exec(lines[0]);
  if (heading) {
    const rest = lines.slice(1);
    const title = inline(element(`h${Math.min(heading[1].length + 2, 6)}`), heading[2]);
    return rest.length ? [title, ...block(rest)] : [title];
  }
  if (lines[0].startsWith("|") && lines.length > 1) return [table(lines)];
  if (lines[0].startsWith("- ")) {
    const list = element("ul");
    list.append(...lines.map((line) => inline(element("li"), line.replace(/^- /, ""))));
    return [list];
  }
  const paragraph = inline(element("p"), lines.join(" "));
  return paragraph.textContent.trim() ? [paragraph] : [];
}

export function showCard(place, text) {
  const blocks = text.split(/\n\s*\n/).map((part) => part.split("\n").filter((line) => line.trim())).filter((lines) => lines.length);
  place.replaceChildren(...blocks.flatMap(block));
}
