// Focus and exposure of the frames that come, and a test of each receiver.
import { drawn, element, fetched, get, pause, percent, seen } from "/common.js";

export function focus(regions) {
  const part = get("focus");
  const body = get("focus-body");
  const choice = element("select");
  choice.setAttribute("aria-label", "Part of the picture");
  const score = element("p", "–", "large");
  const meter = element("meter", undefined, "wide");
  meter.setAttribute("aria-label", "sharpness");
  const light = element("p");
  const bars = drawn("svg", { class: "bars", viewBox: "0 0 64 32", preserveAspectRatio: "none", role: "img", "aria-label": "Histogram of brightness, dark at the left" });
  const again = element("button", "Forget the best");
  again.type = "button";
  const note = element("p", "Turn the lens until the score no longer rises, then back to the best. The part must show edges, such as text.", "small");
  const controls = element("div", undefined, "controls");
  controls.append(choice, again);
  body.append(controls, score, meter, light, bars, note);
  let best = 0;
  const forget = () => { best = 0; };
  again.addEventListener("click", forget);
  choice.addEventListener("change", forget);

  function fill() {
    const names = ["", ...regions()];
    if ([...choice.options].map((option) => option.value).join("\n") === names.join("\n") && choice.options.length) return;
    const before = choice.value;
    choice.replaceChildren(...names.map((name) => {
      const option = element("option", name || "middle of the picture");
      option.value = name;
      return option;
    }));
    choice.value = names.includes(before) && before ? before : names[1] || "";
  }

  function show(told) {
    if (told.sharpness === null) {
      score.textContent = "no edge in sight";
      meter.value = 0;
    } else {
      best = Math.max(best, told.sharpness);
      score.textContent = `sharpness ${(100 * told.sharpness).toFixed(1)} · best ${(100 * best).toFixed(1)}`;
      meter.max = Math.max(best, 0.01);
      meter.value = told.sharpness;
    }
    const clipped = told.burnt > 0.01 ? `${percent(told.burnt)} burnt out` : told.black > 0.2 ? `${percent(told.black)} black` : "nothing clipped";
    light.textContent = `bright parts at ${told.brightness} of 255 · ${clipped}${told.problem ? ` · ${told.problem}` : ""}`;
    light.className = told.problem ? "poor" : "";
    bars.replaceChildren(...told.histogram.map((value, x) => drawn("rect", { x, y: 32 * (1 - value), width: 1, height: 32 * value, class: x > 61 ? "end" : "" })));
  }

  async function watch() {
    let after = -1;
    while (part.open) {
      await seen();
      fill();
      try {
        const told = await fetched(`/setup/focus.json?after=${after}&region=${encodeURIComponent(choice.value)}`);
        if (!told) continue;
        after = told.number;
        show(told);
      } catch (error) {
        score.textContent = error.message;
        await pause(1500);
      }
    }
  }
  part.addEventListener("toggle", () => { if (part.open) watch(); });
}

export function receivers(names) {
  get("receivers-body").replaceChildren(...names.map((name) => {
    const row = element("div", undefined, "controls");
    const button = element("button", `Test ${name}`);
    const said = element("span", "", "small");
    said.setAttribute("role", "status");
    button.type = "button";
    button.addEventListener("click", async () => {
      button.disabled = true;
      said.textContent = "asking …";
      said.className = "small";
      try {
        const told = await fetched("/setup/receiver", { method: "POST", body: JSON.stringify({ name }) });
        said.textContent = `${told.ok ? "✓" : "✗"} ${told.said}`;
        said.className = told.ok ? "sure" : "poor";
      } catch (error) {
        said.textContent = error.message;
        said.className = "poor";
      }
      button.disabled = false;
    });
    row.append(button, said);
    return row;
  }));
}
