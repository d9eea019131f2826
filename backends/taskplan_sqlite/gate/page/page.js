// What is in the store, as it is now. Reads only; asks again every second, and more rarely where answers take long.

import { html, nothing, render } from "./lit-html.js";

const EVERY_MS = 1000;
const PER_PAGE = 50;

const state = {
  token: takeToken(),
  problem: null,
  tag: null,
  seen: null,
  // Task id → {page, items} of the tasks whose items are shown.
  open: new Map(),
};

// The token leaves the address bar, so that it is in no screenshot and no history; a reload still has it.
function takeToken() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given) {
    sessionStorage.setItem("token", given);
    history.replaceState(null, "", "/");
  }
  return sessionStorage.getItem("token");
}

async function ask(path, tag) {
  const headers = { Authorization: `Bearer ${state.token}` };
  if (tag) headers["If-None-Match"] = tag;
  const answer = await fetch(path, { headers, cache: "no-store" });
  if (answer.status === 304) return null;
  if (answer.status === 401) throw new Error("the token is not this gate’s; open the address that it printed");
  if (!answer.ok) throw new Error((await answer.json()).message);
  return answer;
}

async function readItems(task) {
  const shown = state.open.get(task);
  const answer = await ask(`/_taskplan/tasks/${encodeURIComponent(task)}/items?page=${shown.page}`);
  shown.items = await answer.json();
}

async function refresh() {
  const answer = await ask("/_taskplan/overview", state.tag);
  if (answer === null) return;
  const seen = await answer.json();
  const there = new Set(seen.tasks.map((task) => task.id));
  for (const task of state.open.keys()) if (!there.has(task)) state.open.delete(task);
  await Promise.all([...state.open.keys()].map(readItems));
  state.tag = answer.headers.get("ETag");
  state.seen = seen;
}

async function attempt(work) {
  try {
    await work();
    state.problem = null;
  } catch (error) {
    // A failed fetch is a TypeError: nobody listens there any more.
    state.problem = error instanceof TypeError ? "the gate does not answer; it will be asked again" : error.message;
    state.tag = null;
  }
  draw();
}

async function follow() {
  const began = performance.now();
  // Nobody looks at a hidden page.
  if (!document.hidden) await attempt(refresh);
  setTimeout(follow, Math.max(EVERY_MS, 5 * (performance.now() - began)));
}

function toggle(task, opened) {
  if (opened === state.open.has(task)) return;
  if (opened) turn(task, 0);
  else state.open.delete(task);
}

function turn(task, page) {
  state.open.set(task, { page, items: state.open.get(task)?.items ?? null });
  attempt(() => readItems(task));
}

const number = (value) => value.toLocaleString("en");
const plural = (count, noun) => `${number(count)} ${noun}${count === 1 ? "" : "s"}`;
const total = (statuses) => Object.values(statuses).reduce((sum, count) => sum + count, 0);
const done = (statuses) => total(statuses) - (statuses[""] ?? 0);
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)}%` : "–");
// Known statuses have a colour of their own; a custom one shares the last.
const KNOWN = ["completed", "approved", "discard", ""];
const kind = (status) => (status === "" ? "todo" : KNOWN.includes(status) ? status : "other");
const label = (status) => (status === "" ? "to do" : status);
const sorted = (statuses) =>
  Object.entries(statuses).sort(([a], [b]) => (a === "") - (b === "") || (a < b ? -1 : 1));

// Due dates are whole days as often as not; the time of day is told in the reader's own zone.
const moment = (ms) => new Date(ms).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });

function bar(statuses, whole) {
  const words = sorted(statuses).map(([status, count]) => `${number(count)} ${label(status)}`);
  const parts = sorted(statuses).map(
    ([status, count]) =>
      html`<span class="part ${kind(status)}" .style=${`width: ${(100 * count) / (whole || 1)}%`}></span>`,
  );
  return html`<div class="bar" role="img" aria-label=${words.join(", ") || "no items"}>${parts}</div>`;
}

function legend(statuses) {
  return html`<ul class="legend">
    ${sorted(statuses).map(
      ([status, count]) =>
        html`<li><span class="dot ${kind(status)}" aria-hidden="true"></span>${number(count)} ${label(status)}</li>`,
    )}
  </ul>`;
}

function assignments(task) {
  const whole = total(task.statuses);
  const most = Math.max(1, ...task.assignments.map((found) => total(found.statuses)));
  const rows = task.assignments.map((found) => {
    const load = total(found.statuses);
    return html`<tr>
      <th scope="row"><bdi>${found.assignee}</bdi></th>
      <td class="number" data-name="items">${number(load)}</td>
      <td class="number" data-name="of the load">${percent(load, whole)}</td>
      <td class="number" data-name="done">${number(done(found.statuses))}</td>
      <td class="wide">${bar(found.statuses, most)}</td>
      <td class="short">${found.status}</td>
    </tr>`;
  });
  return html`<table class="assignments">
    <thead>
      <tr>
        <th scope="col">assignee</th>
        <th scope="col" class="number">items</th>
        <th scope="col" class="number">load</th>
        <th scope="col" class="number">done</th>
        <th scope="col" class="wide">statuses</th>
        <th scope="col">status</th>
      </tr>
    </thead>
    <tbody>
      ${rows}
    </tbody>
  </table>`;
}

function itemTable(task) {
  const shown = state.open.get(task.id);
  if (!shown) return nothing;
  if (!shown.items) return html`<p class="quiet">reading…</p>`;
  const whole = total(task.statuses);
  const first = shown.page * PER_PAGE;
  const rows = shown.items.map(
    (item) => html`<tr>
      <th scope="row" title=${item.id}><bdi>${item.filename}</bdi></th>
      <td>${item.assignee === null ? html`<em>waiting</em>` : html`<bdi>${item.assignee}</bdi>`}</td>
      <td class="short"><span class="dot ${kind(item.status)}" aria-hidden="true"></span>${label(item.status)}</td>
    </tr>`,
  );
  return html`<table class="items">
      <thead>
        <tr>
          <th scope="col">item</th>
          <th scope="col">assignee</th>
          <th scope="col">status</th>
        </tr>
      </thead>
      <tbody>
        ${rows}
      </tbody>
    </table>
    <nav aria-label="items of ${task.name}">
      <button ?disabled=${shown.page === 0} @click=${() => turn(task.id, shown.page - 1)}>previous</button>
      <span>${number(Math.min(first + 1, whole))}–${number(first + shown.items.length)} of ${number(whole)}</span>
      <button ?disabled=${first + PER_PAGE >= whole} @click=${() => turn(task.id, shown.page + 1)}>next</button>
    </nav>`;
}

function taskCard(task) {
  const whole = total(task.statuses);
  const facts = [task.type, task.status, task.dataset, task.due && `due ${moment(task.due)}`];
  return html`<article aria-labelledby="task-${task.id}">
    <header>
      <h2 id="task-${task.id}"><bdi>${task.name}</bdi></h2>
      <p class="quiet">${facts.filter(Boolean).join(" · ")}</p>
    </header>
    <p><strong>${number(done(task.statuses))}</strong> of ${plural(whole, "item")} done${
      task.waiting ? html`, ${number(task.waiting)} wait to be pulled` : nothing
    }</p>
    ${legend(task.statuses)} ${task.assignments.length ? assignments(task) : html`<p class="quiet">nobody has it</p>`}
    <details ?open=${state.open.has(task.id)} @toggle=${(event) => toggle(task.id, event.target.open)}>
      <summary>items</summary>
      ${itemTable(task)}
    </details>
  </article>`;
}

function requests(recent) {
  return html`<section aria-labelledby="asked">
    <h2 id="asked">Asked last</h2>
    <table class="requests">
      <tbody>
        ${[...recent].reverse().map(
          (entry) => html`<tr>
            <td class="quiet short time">${new Date(entry.at).toLocaleTimeString()}</td>
            <td class="short">${entry.method}</td>
            <td class="path">${entry.path}</td>
            <td class="number ${entry.status >= 400 ? "failed" : ""}">${entry.status}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`;
}

function view({ seen, problem }) {
  const alert = problem ? html`<p role="alert">${problem}</p>` : nothing;
  if (!seen) return html`<main><h1>taskplan gate</h1>${alert}</main>`;
  const more = seen.tasksTotal - seen.tasks.length;
  return html`<main class=${problem ? "stale" : ""}>
    <h1>${seen.store}</h1>
    <p class="quiet">mock of the platform · as <bdi>${seen.user}</bdi></p>
    ${alert}
    <ul class="datasets">
      ${seen.datasets.map(
        (found) => html`<li><bdi>${found.name}</bdi> <span class="quiet">${plural(found.items, "item")}</span></li>`,
      )}
    </ul>
    <p role="status" class="quiet">${plural(seen.tasksTotal, "task")}${more ? `, the newest ${seen.tasks.length} below` : ""}</p>
    ${seen.tasks.map(taskCard)} ${seen.recent.length ? requests(seen.recent) : nothing}
  </main>`;
}

function draw() {
  render(view(state), document.body);
}

if (!state.token) state.problem = "no token; open the address that `taskplan serve` printed";
draw();
if (state.token) follow();
