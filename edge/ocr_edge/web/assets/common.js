// What all pages share. Texts from the camera go in as text, never as HTML.

export function get(id) {
  return document.getElementById(id);
}

export function element(name, text, className) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (className) made.className = className;
  return made;
}

export function drawn(name, attributes, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// JSON of an address; null for "nothing new". A login that has ended leads back to the login.
export async function fetched(address, options) {
  const answer = await fetch(address, options);
  if (answer.status === 401) {
    location.assign("/login");
    return new Promise(() => {});
  }
  if (answer.status === 204) return null;
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error || `the device answered ${answer.status}`);
  return told;
}

export function percent(confidence) {
  return `${Math.round(confidence * 100)} %`;
}

export function sureness(confidence) {
  return confidence >= 0.9 ? "sure" : confidence >= 0.7 ? "fair" : "poor";
}

export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "medium" });
}

export function span(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 120) return `${whole} s`;
  if (whole < 7200) return `${Math.round(whole / 60)} min`;
  return whole < 172800 ? `${Math.round(whole / 3600)} h` : `${Math.round(whole / 86400)} days`;
}

export function pause(milliseconds) {
  return new Promise((done) => setTimeout(done, milliseconds));
}

// Waits while nobody sees this page, so that the device has nothing to do for it.
export function seen() {
  if (!document.hidden) return Promise.resolve();
  return new Promise((done) => {
    document.addEventListener("visibilitychange", function changed() {
      if (document.hidden) return;
      document.removeEventListener("visibilitychange", changed);
      done();
    });
  });
}

export function problems(text) {
  const place = get("problems");
  if (place.textContent !== text) place.textContent = text;
  place.hidden = !text;
}

let ahead = 0; // by how many seconds the device's clock is ahead of ours

export function deviceTime() {
  return Date.now() / 1000 + ahead;
}

// Asks for the state again and again, and shows what every page shows of it.
export async function watchState(every, show) {
  for (;;) {
    await seen();
    try {
      const state = await fetched("/state.json");
      ahead = state.time - Date.now() / 1000;
      get("name").textContent = state.name;
      get("login").hidden = !state.login;
      problems(Object.entries(state.problems).map(([part, what]) => `${part}: ${what}`).join(" · "));
      show(state);
    } catch (error) {
      problems(`The device does not answer (${error.message}); tried again.`);
    }
    await pause(every);
  }
}
