import { clock, element, get, span, watchState } from "/common.js";
import "/drift.js";

let newest = 0; // time of the newest line that is shown

function describe(state) {
  const { camera, alignment, watchdog } = state;
  const read = state.reads ? `${Math.round(1000 * state.read_seconds / state.reads)} ms each` : "none yet";
  return [
    ["State", state.ok ? "well" : "something is wrong, see above"],
    ["Camera", `${camera.source}: ${camera.state}${camera.detail ? `, ${camera.detail}` : ""}; ${camera.failures} failed attempts`],
    ["Mode", camera.mode],
    ["Frames", `${state.frames} looked at; ${state.reads} regions read (${read}), ${state.unchanged} unchanged`],
    ["Alignment", !alignment ? "no marks" : alignment.lost ? `lost: ${alignment.detail}` : `marks found, match ${alignment.score}, moved by ${alignment.moved_pixels} pixels`],
    ["Watchdog", watchdog ? `fed ${watchdog.fed_s ?? "?"} s ago, limit ${watchdog.limit_s} s` : "none (not started by systemd)"],
    ["Temperature", state.celsius === null ? "not known" : `${state.celsius.toFixed(0)} °C`],
    ["Bundle", state.facts.bundle || "–"],
    ["Version", state.facts.version || "–"],
    ["Running for", span(state.up_s)],
  ];
}

function show(state) {
  get("state").replaceChildren(...describe(state).flatMap(([name, value]) => [element("dt", name), element("dd", value)]));
  get("receivers").replaceChildren(...state.receivers.map((receiver) => {
    const made = element("tr");
    const numbers = [receiver.delivered, receiver.queued, receiver.dropped].map((count) => element("td", String(count), "number"));
    made.append(element("td", receiver.name), ...numbers, element("td", receiver.last_error));
    return made;
  }));
  const log = get("log");
  const atEnd = log.scrollTop + log.clientHeight > log.scrollHeight - 20;
  const fresh = state.log.filter((line) => line.time > newest);
  log.append(...fresh.map((line) => element("p", `${clock(line.time)} ${line.level} ${line.text}`, line.level)));
  while (log.children.length > 500) log.firstChild.remove();
  if (fresh.length) newest = fresh[fresh.length - 1].time;
  if (fresh.length && atEnd) log.scrollTop = log.scrollHeight;
}

watchState(2000, show);
