// Regions and marks on a picture: shown, drawn, dragged, and moved by arrow keys. Coordinates are the configuration's.
import { drawn } from "/common.js";

const FAR = 6; // pixels of the screen from which on a press is a drag
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function boxed([left, top, width, height]) {
  return [[left, top], [left + width, top], [left + width, top + height], [left, top + height]];
}

function unboxed(points) {
  const xs = points.map((point) => point[0]);
  const ys = points.map((point) => point[1]);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return [left, top, Math.max(1, Math.max(...xs) - left), Math.max(1, Math.max(...ys) - top)];
}

export class Canvas {
  // changed(kind, index, points): a shape was moved; chosen(kind, index); finished(kind, points or null): drawing has ended.
  constructor(svg, { changed, chosen, finished }) {
    Object.assign(this, { svg, changed, chosen, finished, size: [1, 1], shapes: [], picked: null, kind: null, draft: [] });
    svg.addEventListener("pointerdown", (event) => this.#down(event));
    svg.addEventListener("pointermove", (event) => this.#move(event));
    svg.addEventListener("pointerup", (event) => this.#up(event));
    svg.addEventListener("pointercancel", () => { this.press = null; });
    svg.addEventListener("keydown", (event) => this.#key(event));
    addEventListener("resize", () => this.render());
  }

  // shapes: {kind, index, points or null, name, paint, label}; picked: {kind, index} or null
  show(size, shapes, picked) {
    Object.assign(this, { size, shapes, picked });
    this.render();
  }

  draw(kind) {
    this.kind = kind;
    this.draft = [];
    this.svg.classList.toggle("drawing", kind !== null);
    if (kind) this.svg.focus({ preventScroll: true });
    this.render();
  }

  get #unit() {
    return this.size[0] / (this.svg.clientWidth || this.size[0]); // pixels of the picture in one of the screen
  }

  #isPicked(shape) {
    return this.picked && shape.kind === this.picked.kind && shape.index === this.picked.index;
  }

  render() {
    const [width, height] = this.size;
    const unit = this.#unit;
    const active = document.activeElement;
    const held = this.svg.contains(active) ? active.dataset.key : undefined;
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const labels = [];
    const parts = [];
    const ordered = [...this.shapes].sort((one, other) => (this.#isPicked(one) ? 1 : 0) - (this.#isPicked(other) ? 1 : 0));
    for (const shape of ordered) {
      const picked = this.#isPicked(shape);
      const points = shape.points || boxed([0, 0, width, height]);
      const paint = shape.kind === "mark" ? "mark" : shape.paint;
      const outline = drawn("polygon", { points: points.map((point) => point.join(",")).join(" "), class: `shape ${paint} ${picked ? "chosen" : ""}`, tabindex: 0, role: "button", "aria-label": `${shape.kind} ${shape.name}${picked ? ", chosen: arrow keys move it" : ""}` });
      outline.dataset.key = `${shape.kind} ${shape.index}`;
      parts.push(outline);
      if (shape.kind === "region") {
        const [[x1, y1], [x2, y2]] = points;
        parts.push(drawn("line", { x1, y1, x2, y2, class: `top ${paint}`, "pointer-events": "none" }), drawn("circle", { cx: x1, cy: y1, r: 6 * unit, class: `dot ${paint}`, "pointer-events": "none" }));
      }
      const left = Math.min(...points.map((point) => point[0]));
      const top = Math.min(...points.map((point) => point[1]));
      const size = 14 * unit;
      const x = Math.max(2, Math.min(left, width - shape.label.length * size * 0.56));
      labels.push(drawn("text", { x, y: Math.max(top - size * 0.5, size), "font-size": size, "stroke-width": size / 5, class: paint, "pointer-events": "none" }, shape.label));
      if (!picked || !shape.points) continue;
      points.forEach(([cx, cy], corner) => {
        const grip = drawn("circle", { cx, cy, r: 20 * unit, class: "grip", tabindex: 0, role: "button", "aria-label": `corner ${corner + 1} of ${shape.name}, at ${Math.round(cx)}, ${Math.round(cy)}: arrow keys move it` });
        grip.dataset.key = `${shape.kind} ${shape.index} ${corner}`;
        labels.push(drawn("circle", { cx, cy, r: 6 * unit, class: "handle" }), grip);
      });
    }
    if (this.draft.length) labels.push(drawn("polyline", { points: this.draft.map((point) => point.join(",")).join(" "), class: "draft", fill: "none", stroke: "currentColor", "stroke-width": 2 * unit }), ...this.draft.map(([cx, cy]) => drawn("circle", { cx, cy, r: 5 * unit, class: "handle" })));
    this.svg.replaceChildren(...parts, ...labels);
    if (held) this.svg.querySelector(`[data-key="${held}"]`)?.focus({ preventScroll: true });
  }

  #at(event) {
    const frame = this.svg.getBoundingClientRect();
    const [width, height] = this.size;
    return [this.#inside((event.clientX - frame.left) / frame.width * width, width), this.#inside((event.clientY - frame.top) / frame.height * height, height)];
  }

  #inside(value, most) {
    return Math.round(Math.min(Math.max(value, 0), most));
  }

  #down(event) {
    if (event.button) return;
    const at = this.#at(event);
    if (this.kind) {
      this.press = { at, draws: true };
    } else {
      const [kind, index, corner] = (event.target.dataset?.key || "").split(" ");
      if (!kind) return;
      const shape = this.shapes.find((each) => each.kind === kind && each.index === Number(index));
      if (!this.#isPicked(shape)) {
        this.chosen(kind, Number(index));
        return;
      }
      if (!shape.points) return;
      this.press = { at, shape, corner: corner === undefined ? null : Number(corner), points: shape.points };
    }
    this.svg.setPointerCapture(event.pointerId);
    event.preventDefault();
    const grip = event.target.dataset?.key;
    if (grip) event.target.focus({ preventScroll: true });
  }

  #move(event) {
    if (!this.press) return;
    const at = this.#at(event);
    const { at: from, draws, shape, corner, points } = this.press;
    const moved = [at[0] - from[0], at[1] - from[1]];
    if (draws) {
      if (this.draft.length < 2 || this.press.box) {
        if (Math.hypot(...moved) > FAR * this.#unit && (this.draft.length === 0 || this.press.box)) {
          this.press.box = true;
          this.draft = [...boxed(unboxed([from, at])), from];
          this.render();
        }
      }
      return;
    }
    if (Math.hypot(...moved) === 0) return;
    this.changed(shape.kind, shape.index, this.#shifted(shape.kind, points, corner, moved));
  }

  #up() {
    const press = this.press;
    this.press = null;
    if (!press?.draws) return;
    if (press.box) {
      const points = this.draft.slice(0, 4);
      this.#finish(points);
      return;
    }
    this.draft.push(press.at);
    if (this.draft.length === 4) this.#finish(this.draft);
    else this.render();
  }

  #finish(points) {
    const kind = this.kind;
    this.draw(null);
    this.finished(kind, points && (kind === "mark" ? boxed(unboxed(points)) : points));
  }

  // Points with one corner, or all of them, moved and still in the picture.
  #shifted(kind, points, corner, [dx, dy]) {
    const [width, height] = this.size;
    if (corner === null) {
      const xs = points.map((point) => point[0]);
      const ys = points.map((point) => point[1]);
      const x = Math.min(Math.max(dx, -Math.min(...xs)), width - Math.max(...xs));
      const y = Math.min(Math.max(dy, -Math.min(...ys)), height - Math.max(...ys));
      return points.map((point) => [point[0] + x, point[1] + y]);
    }
    const next = [this.#inside(points[corner][0] + dx, width), this.#inside(points[corner][1] + dy, height)];
    if (kind === "mark") return boxed(unboxed([points[(corner + 2) % 4], next]));
    return points.map((point, index) => (index === corner ? next : point));
  }

  #key(event) {
    if (this.kind) {
      if (event.key === "Escape") this.#finish(null);
      else if (event.key === "Enter") {
        const [width, height] = this.size;
        this.#finish(boxed([Math.round(width / 4), Math.round(height * 0.4), Math.round(width / 2), Math.round(height / 5)]));
      } else return;
      event.preventDefault();
      return;
    }
    const [kind, index, corner] = (event.target.dataset?.key || "").split(" ");
    const shape = this.shapes.find((each) => each.kind === kind && each.index === Number(index));
    if (!shape) return;
    if (event.key === "Enter" || event.key === " ") {
      this.chosen(kind, shape.index);
    } else if (event.key in ARROWS && this.#isPicked(shape) && shape.points) {
      const step = event.shiftKey ? 10 : 1;
      const [dx, dy] = ARROWS[event.key];
      this.changed(kind, shape.index, this.#shifted(kind, shape.points, corner === undefined ? null : Number(corner), [dx * step, dy * step]));
    } else return;
    event.preventDefault();
  }
}

export { boxed, unboxed };
