"use strict";

const facts = JSON.parse(document.getElementById("facts").textContent);
const { status, marks, arches, states, publicities } = facts;
const at = Date.parse(status.at);
const $ = (selector, root = document) => root.querySelector(selector);
const byTarget = new Map(status.builds.map((build) => [build.target, build]));
const tagsOf = new Map();
for (const tag of status.tags) {
  for (const target of tag.targets) tagsOf.set(target, [...(tagsOf.get(target) ?? []), tag]);
}

/** An element with properties and children; text is always text, never markup. */
function element(name, properties = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in made) made[key] = value;
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const word = (text) => text.replaceAll(" ", "-");
const nameOf = (build) => build.target.split("@")[0];
const unique = (values) => [...new Set(values)];

function time(text) {
  return text ? `${text.slice(0, 16).replace("T", " ")} UTC` : "";
}

function span(seconds) {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172800 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86400)} days`;
}

const age = (text) => (text ? `${span(Math.max(0, (at - Date.parse(text)) / 1000))} ago` : "");
const short = (digest) => (digest ? digest.slice(0, 19) : "");

function bytes(count) {
  const units = ["B", "kB", "MB", "GB"];
  let amount = Math.abs(count);
  let unit = 0;
  while (unit < units.length - 1 && Math.round(amount * 10) / 10 >= 1000) {
    amount /= 1000;
    unit += 1;
  }
  return `${count < 0 ? "-" : ""}${unit ? amount.toFixed(1) : amount} ${units[unit]}`;
}

/* What is shown */

const chosen = { states: new Set(), version: "", variant: "", arch: "", public: "" };
const selects = ["version", "variant", "arch", "public"];

function takes(build) {
  return (
    (!chosen.states.size || chosen.states.has(build.state)) &&
    (!chosen.version || chosen.version === build.version) &&
    (!chosen.variant || chosen.variant === build.group || chosen.variant === build.variant) &&
    (!chosen.arch || chosen.arch === build.arch) &&
    (!chosen.public || chosen.public === build.public?.state)
  );
}

function apply() {
  const shown = new Set(status.builds.filter(takes).map((build) => build.target));
  for (const cell of document.querySelectorAll("[data-target]")) {
    cell.classList.toggle("out", !shown.has(cell.dataset.target));
  }
  for (const table of document.querySelectorAll(".by-arch")) {
    for (const row of table.tBodies[0].rows) row.hidden = !$("td[data-target]:not(.out)", row);
    for (const head of table.querySelectorAll("[data-arch]")) {
      head.hidden = Boolean(chosen.arch) && head.dataset.arch !== chosen.arch;
    }
  }
  for (const part of document.querySelectorAll("[data-targets]")) {
    part.hidden = !part.dataset.targets.split(" ").some((target) => shown.has(target));
  }
  for (const group of document.querySelectorAll("[data-group]")) {
    group.hidden = !$("[data-targets]:not([hidden])", group);
  }
  for (const part of document.querySelectorAll("#run [data-target]")) part.hidden = part.classList.contains("out");
  $("#shown").textContent = `${shown.size} of ${status.builds.length} builds`;
  keepOneStop();
  const words = selects.filter((name) => chosen[name]).map((name) => [name, chosen[name]]);
  for (const state of chosen.states) words.push(["state", state]);
  history.replaceState(null, "", words.length ? `#${new URLSearchParams(words)}` : location.pathname + location.search);
}

function readAddress() {
  const words = new URLSearchParams(location.hash.slice(1));
  for (const name of selects) {
    const select = document.getElementById(name);
    const wanted = words.get(name) ?? "";
    select.value = [...select.options].some((option) => option.value === wanted) ? wanted : "";
    chosen[name] = select.value;
  }
  chosen.states = new Set(words.getAll("state").filter((state) => states.includes(state)));
  for (const button of document.querySelectorAll("#states button")) {
    button.setAttribute("aria-pressed", chosen.states.has(button.dataset.state));
  }
}

function drawFilter() {
  for (const state of states.filter((each) => status.counts[each])) {
    const button = element(
      "button",
      { type: "button", "aria-pressed": "false", "data-state": state },
      element("span", { className: `mark ${word(state)}`, "aria-hidden": "true" }, marks[state]),
      `${state} `,
      element("b", {}, String(status.counts[state])),
    );
    button.addEventListener("click", () => {
      if (!chosen.states.delete(state)) chosen.states.add(state);
      button.setAttribute("aria-pressed", chosen.states.has(state));
      apply();
    });
    $("#states").append(button);
  }
  const option = (value, text = value) => element("option", { value }, text);
  const fill = (id, values) => document.getElementById(id).append(option("", "all"), ...values.map((each) => option(each)));
  fill("version", unique(status.builds.map((build) => build.version)));
  fill("arch", arches.filter((arch) => status.builds.some((build) => build.arch === arch)));
  fill("public", publicities.filter((each) => status.builds.some((build) => build.public?.state === each)));
  const variant = $("#variant");
  variant.append(option("", "all"));
  for (const group of unique(status.builds.map((build) => build.group))) {
    const variants = unique(status.builds.filter((build) => build.group === group).map((build) => build.variant));
    const all = variants.includes(group) ? [] : [option(group, `${group} (all)`)];
    variant.append(element("optgroup", { label: group }, ...all, ...variants.map((each) => option(each))));
  }
  for (const name of selects) {
    document.getElementById(name).addEventListener("change", (event) => {
      chosen[name] = event.target.value;
      apply();
    });
  }
  const form = $("#filter");
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", (event) => {
    event.preventDefault();
    history.replaceState(null, "", location.pathname + location.search);
    readAddress();
    apply();
  });
}

/* Tables with a row for each variant of a version and a column for each architecture */

function byArch(builds, label, draw) {
  const columns = arches.filter((arch) => builds.some((build) => build.arch === arch));
  const head = columns.map((arch) => element("th", { scope: "col", "data-arch": arch }, arch));
  const table = element("table", { className: "by-arch", "aria-label": label });
  table.createTHead().append(element("tr", {}, element("th", { scope: "col" }, "target"), ...head));
  const body = table.createTBody();
  for (const name of unique(builds.map(nameOf))) {
    const row = element("tr", {}, element("th", { scope: "row" }, name));
    for (const arch of columns) {
      const build = byTarget.get(`${name}@${arch}`);
      const cell = element("td", { "data-arch": arch });
      if (build && builds.includes(build)) {
        cell.dataset.target = build.target;
        cell.append(...draw(build));
      }
      row.append(cell);
    }
    body.append(row);
  }
  return table;
}

function drawMatrix() {
  const table = byArch(status.builds, "Builds by target and architecture", (build) => {
    const isApart = build.state === "up to date" && build.public && build.public.state !== "published";
    const label = `${build.target}: ${build.state}` + (build.public ? `, ${build.public.state}` : "");
    const button = element(
      "button",
      { type: "button", className: word(build.state) + (isApart ? " apart" : ""), title: label, "aria-label": label },
      element("span", { "aria-hidden": "true" }, marks[build.state]),
      element("span", { className: "arch", "aria-hidden": "true" }, build.arch),
    );
    button.tabIndex = -1;
    button.addEventListener("click", () => open(build));
    return [button];
  });
  table.classList.add("matrix");
  table.addEventListener("keydown", move);
  table.addEventListener("focusin", (event) => event.target.matches("td button") && keepOneStop(event.target));
  $("#builds .scroll").append(table);
}

const visibleButtons = () => [...document.querySelectorAll(".matrix tr:not([hidden]) td:not(.out):not([hidden]) button")];

/** The matrix is one stop of the Tab key; the arrow keys move inside. */
function keepOneStop(wanted = null) {
  const buttons = visibleButtons();
  const before = $(".matrix button[tabindex='0']");
  const stop = wanted ?? (buttons.includes(before) ? before : buttons[0]);
  if (before && before !== stop) before.tabIndex = -1;
  if (stop) stop.tabIndex = 0;
}

function move(event) {
  const buttons = visibleButtons();
  const here = buttons.indexOf(event.target);
  if (here < 0) return;
  const column = (button) => button.parentElement.cellIndex;
  const row = (button) => button.closest("tr");
  const vertical = (candidates) =>
    candidates.find((each) => row(each) !== row(event.target) && column(each) === column(event.target));
  const inRow = buttons.filter((each) => row(each) === row(event.target));
  const next = {
    ArrowRight: () => buttons[here + 1],
    ArrowLeft: () => buttons[here - 1],
    ArrowDown: () => vertical(buttons.slice(here + 1)),
    ArrowUp: () => vertical(buttons.slice(0, here).reverse()),
    Home: () => inRow[0],
    End: () => inRow.at(-1),
  }[event.key];
  if (!next) return;
  event.preventDefault();
  next()?.focus();
}

function drawSizes() {
  const sized = status.builds.filter((build) => build.size_bytes || build.sizes.length);
  const hint = $("#sizes .hint");
  if (!sized.length) {
    hint.textContent = "No image is staged or published yet.";
    return;
  }
  const hasHistory = status.builds.some((build) => build.sizes.length > 1);
  hint.textContent =
    "Layers as they travel, per platform. " +
    (hasHistory
      ? "Below: what changed since the image that the tag named before; a build's details have its whole history."
      : "The registry tells of no earlier image of any tag, so there is nothing to compare with.");
  const table = byArch(sized, "Compressed sizes by target and architecture", (build) => {
    const now = build.size_bytes ?? build.sizes.at(-1).size_bytes;
    const change = changed(build, now);
    return [
      element("span", { className: "arch" }, build.arch),
      element("span", {}, bytes(now)),
      change === null ? null : element("small", {}, change === 0 ? "same" : `${change > 0 ? "+" : ""}${bytes(change)}`),
    ].filter(Boolean);
  });
  $("#sizes .scroll").append(table);
}

/** How much larger an image is than the other one that its tag named last; null where there is none. */
function changed(build, now) {
  const last = build.sizes.at(-1);
  const before = last && last.size_bytes !== now ? last : build.sizes.at(-2);
  return before ? now - before.size_bytes : null;
}

/* The last run, a lane for each builder */

function drawRun() {
  const run = status.last_run;
  const hint = $("#run .hint");
  if (!run) {
    hint.textContent = "No build was run in this checkout yet.";
    return;
  }
  const begin = Date.parse(run.began);
  const end = Math.max(...[run.heard, ...run.builds.map((each) => each.ended)].filter(Boolean).map(Date.parse), begin + 1);
  hint.textContent = run.builds.length
    ? `Began ${time(run.began)}, ${run.builds.length} builds in ${span((end - begin) / 1000)}.`
    : `Began ${time(run.began)}; there was nothing to build.`;
  if (!run.builds.length) return;
  const lanes = $("#run .lanes");
  for (const [name, builds] of Map.groupBy(run.builds, laneOf)) {
    lanes.append(element("div", {}, name), track(builds, begin, end));
  }
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((part) => element("span", {}, span(((end - begin) * part) / 1000)));
  lanes.append(element("div"), element("div", { className: "axis" }, ...ticks));
  $("#run .scroll").append(runTable(run.builds));
  $("#run details").hidden = false;
}

const laneOf = (ran) => ran.builder ?? `for ${ran.target.split("@")[1]}`;
const outcomeOf = (ran) => ran.result ?? (ran.running ? "building" : "never ended");

/** Bars of the builds of one builder, as few above each other as there were at once. */
function track(builds, begin, end) {
  const made = element("div", { className: "track" });
  const rows = [];
  for (const ran of builds) {
    const from = Date.parse(ran.started);
    const to = ran.ended ? Date.parse(ran.ended) : end;
    const free = rows.findIndex((until) => until <= from);
    const row = free < 0 ? rows.length : free;
    rows[row] = to;
    const title = `${ran.target}: ${outcomeOf(ran)}, ${span((to - from) / 1000)}`;
    const state = word(ran.result ?? (ran.running ? "building" : "unknown"));
    const bar = element("span", { className: state, title, "data-target": ran.target }, ran.target);
    bar.style.left = `${((from - begin) / (end - begin)) * 100}%`;
    bar.style.width = `${((to - from) / (end - begin)) * 100}%`;
    bar.style.top = `${row * 1.3 + 0.1}rem`;
    bar.addEventListener("click", () => byTarget.has(ran.target) && open(byTarget.get(ran.target)));
    made.append(bar);
  }
  made.style.height = `${rows.length * 1.3}rem`;
  return made;
}

function runTable(builds) {
  const made = element("table");
  const columns = ["target", "builder", "began", "took", "result", "attempts"];
  made.createTHead().append(element("tr", {}, ...columns.map((each) => element("th", { scope: "col" }, each))));
  const body = made.createTBody();
  for (const ran of builds) {
    const took = ran.ended ? span((Date.parse(ran.ended) - Date.parse(ran.started)) / 1000) : "";
    const texts = [ran.builder ?? "", time(ran.started), took, outcomeOf(ran), String(ran.attempts || "")];
    const cells = texts.map((text) => element("td", {}, text));
    body.append(element("tr", { "data-target": ran.target }, element("th", { scope: "row" }, ran.target), ...cells));
  }
  return made;
}

/* Tags */

function drawTags() {
  const hint = $("#tags .hint");
  hint.textContent = "What the shared repository holds. A tag copies the command that pulls it.";
  const groups = Map.groupBy(status.tags, (tag) => tag.targets[0].split("@")[0]);
  for (const [name, tags] of groups) {
    const group = element("div", { "data-group": name }, element("h3", {}, name));
    for (const [digest, same] of Map.groupBy(tags, (tag) => tag.digest ?? tag.state)) {
      const since = age(same[0].since);
      group.append(
        element("p", { className: "hint" }, element("code", {}, digest), since ? ` since ${since.replace(" ago", "")}` : ""),
        element("ul", {}, ...same.map(tagItem)),
      );
    }
    $("#tags > div").append(group);
  }
}

function tagItem(tag) {
  const item = element("li", {}, tag.digest ? copyButton(`docker pull ${tag.reference}`, tag.tag, tag.tag) : tag.tag);
  item.dataset.targets = tag.targets.join(" ");
  return item;
}

function copyButton(text, what, label = "Copy") {
  const button = element("button", { type: "button", title: text, "aria-label": `Copy the command for ${what}` }, label);
  button.addEventListener("click", () => copy(text));
  return button;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = element("textarea", { value: text, readOnly: true });
    ($("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  $("#said").textContent = `Copied: ${text}`;
  setTimeout(() => ($("#said").textContent = ""), 2500);
}

function copyable(text, what) {
  return element("div", { className: "copy" }, element("code", {}, text), copyButton(text, what));
}

/* All of one build */

function open(build) {
  $("#detail-title").textContent = build.target;
  const body = $("#detail .body");
  body.replaceChildren(
    element("p", {}, element("span", { className: `word ${word(build.state)}` }, `${marks[build.state]} ${build.state}`)),
    ...why(build),
    ...failure(build),
    known(build),
    ...pastSizes(build),
    ...pulls(build),
  );
  const dialog = $("#detail");
  dialog.showModal();
  dialog.scrollTop = 0;
  for (const log of body.querySelectorAll("pre")) log.scrollTop = log.scrollHeight;
}

function why(build) {
  if (!build.why.length) return [];
  return [element("h3", {}, "Why"), element("ul", {}, ...build.why.map((each) => element("li", {}, each)))];
}

function failure(build) {
  const failed = build.failure;
  if (!failed) return [];
  const rows = [
    ["cause", failed.cause],
    ["tries", `${failed.tries}, the first ${time(failed.since)} (${age(failed.since)})`],
    ["last", failed.tries > 1 ? `${time(failed.last)} (${age(failed.last)})` : ""],
    ["tried again", failed.due ? (Date.parse(failed.due) <= at ? "when an agent is free" : `from ${time(failed.due)}`) : ""],
    ["exit code", String(failed.exit_code)],
    ["log", failed.log ?? ""],
  ];
  const excerpt = failed.excerpt.length ? [element("pre", { tabIndex: 0, "aria-label": "The end of the log" }, failed.excerpt.join("\n"))] : [];
  return [element("h3", {}, "Failure"), table(rows), ...excerpt];
}

function known(build) {
  const tag = build.public;
  const last = build.last_build;
  return table([
    ["building", build.building ? [`since ${time(build.building.started)}`, build.building.builder].filter(Boolean).join(", on ") : ""],
    ["public", tag ? tag.state + (tag.since ? `, since ${time(tag.since)} (${age(tag.since)})` : "") : ""],
    ["digest", tag?.digest ?? ""],
    ["run", tag?.run ?? ""],
    ["problem", tag?.problem ?? ""],
    ["size", build.size_bytes ? bytes(build.size_bytes) : ""],
    ["platform", build.platform],
    ["build ID", build.build_id ?? ""],
    ["last build here", last ? `${last.result}, ${time(last.started)}, ${span(last.seconds)}` : ""],
    ["built on", last?.builder ? `${last.builder.name} at ${last.builder.address}` : ""],
    ["log here", last?.log ?? ""],
  ]);
}

function table(rows) {
  const filled = rows.filter(([, text]) => text);
  const made = element("table", { className: "plain" });
  for (const [name, text] of filled) made.append(element("tr", {}, element("th", { scope: "row" }, name), element("td", {}, text)));
  return made;
}

function pastSizes(build) {
  if (!build.sizes.length) return [];
  const rows = [...build.sizes].reverse().map((each) => [time(each.since), `${bytes(each.size_bytes)}  ${short(each.digest)}`]);
  const chart = build.sizes.length > 1 ? [curve(build.sizes)] : [];
  return [element("h3", {}, "Size over time"), ...chart, table(rows)];
}

function curve(sizes) {
  const space = "http://www.w3.org/2000/svg";
  const make = (name, attributes) => {
    const made = document.createElementNS(space, name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  };
  const times = sizes.map((each) => Date.parse(each.since));
  const highest = Math.max(...sizes.map((each) => each.size_bytes)) || 1;
  const reach = times.at(-1) - times[0] || 1;
  const points = sizes.map((each, index) => [((times[index] - times[0]) / reach) * 580 + 10, 130 - (each.size_bytes / highest) * 120]);
  const svg = make("svg", { viewBox: "0 0 600 140", role: "img", "aria-label": "Size over time, from zero; the table below has the numbers" });
  svg.append(make("path", { class: "zero", d: "M0 130H600" }), make("path", { d: `M${points.map((point) => point.join(" ")).join("L")}` }));
  for (const [x, y] of points) svg.append(make("circle", { cx: x, cy: y, r: 4 }));
  return svg;
}

function pulls(build) {
  const tags = (tagsOf.get(build.target) ?? []).filter((tag) => tag.digest);
  const parts = [];
  if (build.public?.digest) {
    const repository = build.public.tag.slice(0, build.public.tag.lastIndexOf(":"));
    parts.push(copyable(`docker pull ${build.public.tag}`, build.public.tag));
    parts.push(copyable(`docker pull ${repository}@${build.public.digest}`, "this digest"));
  }
  if (tags.length) {
    parts.push(copyable(`docker pull --platform ${build.platform} ${tags[0].reference}`, tags[0].tag));
    parts.push(element("p", { className: "hint" }, `Its shared tags: ${tags.map((tag) => tag.tag).join(", ")}`));
  }
  if (build.repeat) parts.push(element("h3", {}, "Build it again"), copyable(build.repeat, "the build"));
  return parts.length ? [element("h3", {}, "Pull"), ...parts] : [];
}

/* The page */

$("#when").textContent = `${status.repository}, as of ${time(status.at)}`;
if (status.problems.length) {
  const list = (problems) => element("ul", {}, ...problems.map((problem) => element("li", {}, problem)));
  $("#problems").append(list(status.problems.slice(0, 5)));
  const rest = status.problems.slice(5);
  if (rest.length) $("#problems").append(element("details", {}, element("summary", {}, `${rest.length} more`), list(rest)));
  $("#problems").hidden = false;
}
drawFilter();
drawMatrix();
drawRun();
drawSizes();
drawTags();
readAddress();
apply();
$("#detail .close").addEventListener("click", () => $("#detail").close());
$("#detail").addEventListener("click", (event) => event.target === $("#detail") && $("#detail").close());
addEventListener("hashchange", () => {
  readAddress();
  apply();
});
