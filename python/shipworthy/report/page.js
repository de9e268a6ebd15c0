"use strict";
// Chooses rows and words that the page holds, and draws them. It computes nothing.
(async () => {
  const $ = (id) => document.getElementById(id);
  const element = (name, attributes = {}, ...children) => {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children.filter((child) => child !== null));
    return made;
  };

  // ------------------------------------------------------------------ unpacking

  const unpacked = async (id) => {
    const packed = Uint8Array.from(atob($(id).textContent), (char) => char.charCodeAt(0));
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
    return new Response(stream).text();
  };
  let page;
  try {
    page = JSON.parse(await unpacked("data"));
    const script = document.createElement("script");
    script.textContent = await unpacked("vega");
    document.head.append(script);
  } catch (error) {
    $("old").hidden = false;
    throw error;
  }

  // A mart's columns, side by side; texts are numbered.
  const value = (column, index) =>
    column.texts ? (column.values[index] === null ? null : column.texts[column.values[index]]) : column.values[index];
  const rowsOf = {};
  for (const [mart, table] of Object.entries(page.tables)) {
    rowsOf[mart] = Array.from({ length: table.length }, (_, index) =>
      Object.fromEntries(Object.entries(table.columns).map(([name, column]) => [name, value(column, index)])));
  }
  const inWords = (text) => page.words[text] ?? text.split("_").map((word) => (word === "ai" ? "AI" : word)).join(" ");

  // ------------------------------------------------------------------ writing, as figures.py does

  const NONE = "\u2013";
  const MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(" ");
  const BEHIND = { hours: " h", ratio: "\u00d7" };
  const fixed = (number, decimals) => {
    const text = new Intl.NumberFormat("en-US", { minimumFractionDigits: decimals, maximumFractionDigits: decimals, roundingMode: "halfEven" }).format(number);
    return /^-[0.,]*$/.test(text) ? text.slice(1) : text;
  };
  // The page's values have the digits that are shown, so rounding them again changes none.
  const decimals = (number, unit) => {
    const size = Math.abs(number);
    if (unit === "share") return size < 0.0995 ? 1 : 0;
    if (unit === "usd") return size < 99.995 ? 2 : 0;
    if (unit === "rate") return 3;
    if (unit === "count") return Number.isInteger(Number(size.toFixed(1))) ? 0 : 1;
    if (size >= 9.995) return 1;
    return size >= 0.0005 && size < 0.0995 ? 3 : 2;
  };
  const day = (text) => `${Number(text.slice(8, 10))} ${MONTHS[Number(text.slice(5, 7)) - 1]} ${text.slice(0, 4)}`;
  const written = (value, unit) => {
    if (value === null || value === undefined) return NONE;
    if (unit === "word") return inWords(String(value));
    if (unit === "flag") return value ? "yes" : "no";
    if (unit === "date") return day(value);
    if (unit === "time") return value.length > 10 ? `${day(value)}, ${value.slice(11, 16)} UTC` : day(value);
    if (unit === "text" || typeof value !== "number") return String(value);
    const digits = decimals(value, unit);
    if (unit === "share") return `${fixed(Number((value * 100).toPrecision(12)), digits)} %`;
    if (unit === "usd") return `$${fixed(value, digits)}`;
    return fixed(value, digits) + (BEHIND[unit] ?? "");
  };
  const withInterval = (row, measure) => {
    const shown = written(row[measure.column], measure.unit);
    const [low, high] = [measure.low, measure.high].map((name) => (name ? (row[name] ?? null) : null));
    if (row[measure.column] === null || (low === null && high === null)) return shown;
    const unit = measure.unit in BEHIND ? "number" : measure.unit;
    return `${shown} [${written(low, unit)}, ${high === null ? "unbounded" : written(high, unit)}]`;
  };
  const prose = (text) => text.split("`").map((part, index) => (index % 2 ? element("code", {}, part) : part));

  // ------------------------------------------------------------------ what is chosen

  const state = { team: page.only_team, period: page.period, theme: "light" };
  const periodOf = (key) => page.periods.find((item) => item.key === key) ?? page.periods.at(-1);
  const view = () => page.views.find((item) => item.team === state.team) ?? page.views[0];
  const inPeriod = (time) => {
    const { start } = periodOf(state.period);
    return !start || !time || time.slice(0, 10) >= start;
  };
  const isWhole = (panel, row) => panel.group === null || row.is_organisation === true;
  // Rows of a panel: of the team, else of the organisation, else of all teams.
  const chosen = (panel) => {
    const rows = rowsOf[panel.mart] ?? [];
    const only = Object.entries(panel.only);
    return rows.filter((row) =>
      only.every(([name, wanted]) => String(row[name]) === wanted)
      && (panel.group === null || (state.team === null
        ? (panel.has_organisation ? isWhole(panel, row) : true)
        : !row.is_organisation && row[panel.group] === state.team))
      && (panel.group === null || inPeriod(row[panel.time])));
  };

  // ------------------------------------------------------------------ tooltips

  const tip = $("tip");
  const hideTip = () => { tip.hidden = true; };
  const showTip = (_handler, event, _item, datum) => {
    if (!datum || !datum.tip) return hideTip();
    const [title, ...lines] = datum.tip;
    tip.replaceChildren(element("b", {}, title), ...lines.map((line) => element("div", {}, line)));
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    const left = Math.min(event.clientX + 14, window.innerWidth - box.width - 8);
    const top = event.clientY + 18 + box.height > window.innerHeight ? event.clientY - box.height - 12 : event.clientY + 18;
    tip.style.left = `${Math.max(8, left)}px`;
    tip.style.top = `${Math.max(8, top)}px`;
  };
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
  document.addEventListener("scroll", hideTip, { passive: true });

  // ------------------------------------------------------------------ pictures

  const WEEK = 7 * 24 * 3600 * 1000;
  const moment = (time) => Date.parse(time.length > 10 ? `${time.replace(" ", "T")}Z` : `${time}T00:00:00Z`);
  const isFinal = (panel, row) => panel.mature === null || row[panel.mature] === true;
  const seriesOf = (chart, row, measure) => (chart.split ? inWords(String(row[chart.split])) : measure.label);

  // One drawn row for each row and measure: see charts.py.
  const drawn = (panel, chart, rows) => {
    const flat = [];
    for (const row of rows) {
      const time = row[chart.time];
      chart.measures.forEach((measure, order) => {
        const number = row[measure.column];
        if (number === null || number === undefined) return;
        const t = typeof time === "number" ? time : moment(time);
        const final = isFinal(panel, row);
        const title = [
          panel.group && state.team === null && !isWhole(panel, row) ? row[panel.group] : null,
          typeof time === "number" ? `after ${time} days` : chart.time === "week_start_on" ? `week of ${day(time)}` : written(time, "time"),
        ].filter(Boolean).join(", ");
        const lines = [`${seriesOf(chart, row, measure)}: ${withInterval(row, measure)}`];
        if (measure.before && row[measure.before] !== null) lines.push(`52 weeks before: ${written(row[measure.before], measure.unit)}`);
        if (row.evidence) lines.push(row.evidence);
        if (!final) lines.push(inWords(row.immature_reason ?? "not final yet"));
        flat.push({
          t, t2: typeof time === "number" ? time : t + WEEK * 0.86, order, final,
          series: chart.kind === "events" && state.team === null ? row[panel.group] : seriesOf(chart, row, measure),
          v: number, lo: measure.low ? row[measure.low] : null, hi: measure.high ? row[measure.high] : null,
          before: measure.before ? row[measure.before] : null, tip: [title, ...lines],
        });
      });
    }
    return flat;
  };
  const overlaid = (chart, team) => !chart.overlay ? [] : (rowsOf[chart.overlay.mart] ?? [])
    .filter((row) => (team === null || row.team === team) && inPeriod(row.opened_at))
    .map((row) => ({
      t: moment(row.opened_at), weight: row.severity_weight ?? 0,
      tip: [`Incident ${row.incident_id}`, `${inWords(row.severity ?? "unknown")}, ${row.service}`,
        written(row.opened_at, "time"), `cause: ${inWords(row.attribution_method)}`],
    }));

  const coloured = (spec) => {
    const style = getComputedStyle(document.documentElement);
    return JSON.parse(JSON.stringify(spec).replace(/var\((--[\w-]+)\)/g, (_, name) =>
      style.getPropertyValue(name).trim().replace(/["\\]/g, "\\$&")));
  };
  let views = [];
  const draw = async (place) => {
    if (place.drawn) return;
    place.drawn = true;
    const { spec, rows, events, height } = place.picture;
    const whole = coloured(spec);
    whole.height = height;
    whole.datasets = { ...whole.datasets, rows, events };
    const result = await window.vegaEmbed(place, whole, {
      mode: "vega-lite", ast: true, actions: false, defaultStyle: false, tooltip: showTip,
      renderer: rows.length > 1500 ? "canvas" : "svg", logLevel: 1,
    });
    views.push(result);
    // The place has the picture's name; its parts say nothing to who cannot see them.
    place.querySelector("svg, canvas").setAttribute("aria-hidden", "true");
  };
  const watcher = new IntersectionObserver((entries) => {
    for (const entry of entries) if (entry.isIntersecting) { watcher.unobserve(entry.target); draw(entry.target); }
  }, { rootMargin: "300px" });
  const figure = (title, label, legend, picture) => {
    const place = element("div", { class: "chart", role: "img", "aria-label": label });
    place.picture = picture;
    watcher.observe(place);
    return element("figure", {}, element("figcaption", {}, element("bdi", {}, title)), legend.length ? key(legend) : null, place);
  };

  const key = (legend) => element("ul", { class: "key" }, ...legend.map(([label, colour]) => {
    const swatch = element("i", { "aria-hidden": "true" });
    swatch.style.background = colour;
    return element("li", {}, swatch, label);
  }));
  const MOST = 13;
  const pictures = (panel, place, rows, sentence) => {
    place.className = "pictures";
    const makes = [];
    const isMany = state.team === null && panel.group && !panel.has_organisation;
    const charts = isMany ? panel.charts.slice(0, 1) : panel.charts;
    for (const chart of charts) {
      const only = Object.entries(chart.only);
      const mine = rows.filter((row) => only.every(([name, wanted]) => String(row[name]) === wanted));
      const by = chart.facet ?? (isMany && !["events", "differences"].includes(chart.kind) ? panel.group : null);
      let groups = by ? [...new Set(mine.map((row) => row[by]))].sort() : [null];
      if (chart.facet === panel.time) {
        const told = Object.entries(panel.said);
        groups = groups.reverse().filter((group) => mine.some((row) => row[by] === group && told.every(([name, wanted]) => String(row[name]) === wanted))).slice(0, 4);
      }
      if (chart.legend.length && by) makes.push(Object.assign(() => key(chart.legend), { isKey: true }));
      for (const group of groups) {
        const some = drawn(panel, chart, by ? mine.filter((row) => row[by] === group) : mine);
        const team = by === panel.group && by ? group : state.team;
        const events = overlaid(chart, team);
        if (!some.length) continue;
        const name = by ? (chart.facet === panel.time ? `Quarter of ${day(group)}` : group) : chart.title;
        const lines = [...new Set(some.map((row) => row.series))].sort();
        // In the order in which Vega gives colours to names.
        const legend = chart.legend.length ? (by ? [] : chart.legend) : chart.split && chart.kind !== "events"
          ? lines.map((line, place) => [line, `var(--series-${(place % 6) + 1})`]) : [];
        const height = chart.kind === "events" ? Math.max(60, 24 * lines.length + 10) : by ? 150 : 230;
        makes.push(() => figure(name, `${panel.title}: ${name}. ${by ? chart.title : sentence}`, legend, { spec: chart.spec, rows: some, events, height }));
      }
    }
    const figures = makes.filter((make) => !make.isKey).length;
    place.classList.add(figures === 1 ? "one" : charts.length === 1 && figures > 2 ? "many" : "few");
    place.replaceChildren(...makes.slice(0, MOST).map((make) => make()));
    if (isMany && figures > 1 && charts[0].kind !== "events") place.append(element("p", { class: "note" }, "Each picture has a scale of its own: read one team along its weeks, not one against another."));
    if (makes.length > MOST) {
      const more = element("button", { type: "button" }, `Show the other ${makes.length - MOST}`);
      more.addEventListener("click", () => more.replaceWith(...makes.slice(MOST).map((make) => make())));
      place.append(more);
    }
  };

  // ------------------------------------------------------------------ tables

  const SOME = 100;
  const table = (panel, place, rows) => {
    const measures = panel.columns;
    const hasTeam = panel.group !== null && state.team === null && !panel.has_organisation;
    const heads = [panel.time ? (panel.time === "week_start_on" ? "week of" : panel.time === "quarter_start_on" ? "quarter of" : "released") : null,
      hasTeam ? "team" : null, panel.mature ? "final" : null, ...measures.map((measure) => measure.label)].filter((head) => head !== null);
    const body = element("tbody");
    const newest = [...rows].reverse();
    const line = (row) => {
      const cells = [];
      if (hasTeam) cells.push(element("td", { class: "long" }, element("bdi", {}, String(row[panel.group]))));
      if (panel.mature) cells.push(element("td", {}, row[panel.mature] ? "yes" : "no"));
      for (const measure of measures) {
        const number = row[measure.column];
        const hidden = row.is_suppressed && (number === null) && !["word", "flag", "text"].includes(measure.unit);
        const kind = measure.column === "evidence" ? "long" : typeof number === "number" ? "n" : "";
        cells.push(element("td", kind ? { class: kind } : {}, hidden ? element("i", { class: "tag none" }, "hidden") :
          measure.unit === "text" ? element("bdi", {}, written(number, "text")) : withInterval(row, measure)));
      }
      const first = panel.time ? element("th", { scope: "row" }, written(row[panel.time], "date")) : null;
      return element("tr", {}, first, ...cells);
    };
    let shown = 0;
    const button = element("button", { type: "button" });
    const more = (count) => {
      body.append(...newest.slice(shown, shown + count).map(line));
      shown = Math.min(newest.length, shown + count);
      button.textContent = `Show more of ${newest.length.toLocaleString("en-US")} rows`;
      button.hidden = shown >= newest.length;
    };
    more(SOME);
    button.addEventListener("click", () => more(500));
    const made = element("table", {}, element("caption", {}, `${panel.mart}: newest first`),
      element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))), body);
    place.replaceChildren(
      element("div", { class: "scroll tall", tabindex: "0", role: "region", "aria-label": `Rows of ${panel.title}` }, made), button);
  };

  // ------------------------------------------------------------------ releases

  const WHO = ["ai", "human", "automation", "unknown"];
  const released = (release) => {
    const terms = (name, ...content) => [element("dt", {}, name), element("dd", {}, ...content)];
    const bar = element("div", { class: "parts", "aria-hidden": "true" });
    for (const who of WHO) {
      const part = element("span");
      part.style.flexGrow = String(release[`${who}_held_lines`] ?? 0);
      part.style.background = `var(--${who})`;
      bar.append(part);
    }
    const wrote = WHO.filter((who) => release[`${who}_held_lines`]).map((who) =>
      `${inWords(who)} ${written(release[`${who}_held_lines`], "count")}`).join(", ");
    const incidents = release.incidents.map((incident) => element("div", {},
      element("bdi", {}, incident.incident_id), ` (${inWords(incident.severity ?? "unknown")}), opened ${written(incident.opened_at, "time")}, `,
      incident.resolved_at ? `resolved ${written(incident.resolved_at, "time")}` : "still open",
      `; known by: ${inWords(incident.attribution_method)}`));
    const deployments = release.failed_deployments.map((deployment) => element("div", {},
      element("bdi", {}, deployment.deployment_id), ` ${written(deployment.finished_at, "time")}`, deployment.sha ? `, ${deployment.sha.slice(0, 12)}` : "",
      `, changes shipped: ${written(deployment.changes_shipped, "count")}`));
    const changes = release.changes.map((change) => element("div", {},
      element("code", {}, change.sha.slice(0, 12)), change.pull_request_number === null ? "" : ` (request ${change.pull_request_number})`,
      `, ${inWords(change.authorship)}, lines added: ${written(change.lines_added, "count")}, `,
      change.is_shipped ? `held: ${written(change.held_lines, "count")}` : "taken back within 7 days",
      ...change.fixed.map((fix) => element("div", { class: "fixed" },
        "the fix of ", element("bdi", {}, fix.incident_id), ` removed lines of it: ${written(fix.lines, "count")}`))));
    if (changes.length && release.changes_put_live > changes.length)
      changes.push(element("div", {}, `shown: ${changes.length} of ${written(release.changes_put_live, "count")}; the others stand in fct_release_changes`));
    return element("details", { class: "box release", id: `release=${release.release_id}` },
      element("summary", {}, element("bdi", {}, release.service), ` of `, element("bdi", {}, release.team), `, ${written(release.window_started_at, "date")}: weight ${written(release.failure_weight, "number")}`),
      element("dl", {},
        ...terms("Shipped", `changes: ${written(release.changes_shipped, "count")}, deployments: ${written(release.deployments, "count")}, held lines: ${written(release.held_lines, "count")}`),
        ...terms("Who wrote the lines", wrote || "no line held", bar),
        ...terms("Changes", ...(changes.length ? changes : [NONE])),
        ...terms("Incidents", ...(incidents.length ? incidents : ["none: a rollback, a revert or a hotfix repaired it"])),
        ...terms("Failed deployments", ...(deployments.length ? deployments : [NONE])),
        ...terms("Row", `fct_releases, ${release.release_id}`)));
  };
  const releases = () => {
    const mine = page.releases.filter((release) => (state.team === null || release.team === state.team) && inPeriod(release.window_started_at));
    const place = $("failed");
    const rest = mine.slice(20);
    place.replaceChildren(...mine.slice(0, 20).map(released));
    if (!mine.length) place.append(element("p", { class: "state" }, "None failed in this period, of those that are known."));
    if (rest.length) {
      const more = element("button", { type: "button" }, `Show the other ${rest.length}`);
      more.addEventListener("click", () => more.replaceWith(...rest.map(released)));
      place.append(more);
    }
  };

  // ------------------------------------------------------------------ the whole page

  const show = () => {
    const now = view();
    for (const made of views) made.finalize();
    views = [];
    watcher.disconnect();
    hideTip();
    $("who").textContent = now.team === null ? "All teams" : now.team;
    document.title = page.title + (now.team !== null && !page.only_team ? ` · ${now.team}` : "");
    $("cards").replaceChildren(...now.cards.map((card) => element("article", { class: "card" },
      element("h2", {}, card.question), element("p", { class: "value" }, card.value || NONE), element("p", { class: "label" }, card.label),
      element("p", { class: "sentence" }, ...prose(card.text)), element("p", { class: "sure" }, ...prose(card.sure)))));
    $("changes").replaceChildren(...(now.changes.length ? now.changes.map((change) => element("li", {},
      element("bdi", {}, change.team), `: ${change.text} `, element("a", { href: `#${change.panel}` }, "See it"),
      element("span", { class: "row-of" }, `team_scorecard, `, element("bdi", {}, change.team), `, ${change.week}`)))
      : [element("li", {}, "Nothing has moved beyond its interval.")]));
    for (const line of document.querySelectorAll("#scorecard tbody tr")) line.classList.toggle("chosen", line.dataset.team === now.team);
    for (const panel of page.panels) {
      const place = $(panel.key);
      const said = now.panels[panel.key];
      place.querySelector(".sentence").replaceChildren(...prose(said.text));
      place.querySelector(".sure").replaceChildren(...prose(said.sure));
      place.querySelector(".since").replaceChildren(...prose(said.since[state.period] ?? ""));
      const rows = chosen(panel);
      const drawnIn = place.querySelector(".pictures");
      if (said.state === "hidden") drawnIn.replaceChildren(element("p", { class: "state" }, "Nothing is drawn: what is hidden is no zero."));
      else pictures(panel, drawnIn, rows, said.text);
      const details = place.querySelector(".rows");
      details.ontoggle = () => { if (details.open) table(panel, details.querySelector(".table"), rows); };
      if (details.open) table(panel, details.querySelector(".table"), rows);
    }
    releases();
  };

  const write = () => {
    const parts = [];
    if (state.team !== null && !page.only_team) parts.push(`team=${encodeURIComponent(state.team)}`);
    if (state.period !== page.period) parts.push(`weeks=${state.period}`);
    history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : location.pathname + location.search);
  };
  const read = () => {
    const hash = location.hash.slice(1);
    if (hash.startsWith("release=")) {
      const wanted = decodeURIComponent(hash.slice(8));
      const release = page.releases.find((item) => item.release_id === wanted);
      if (!release) return;
      Object.assign(state, { team: page.only_team ?? release.team, period: "all" });
      sync();
      const place = document.getElementById(`release=${wanted}`) ?? $("failed");
      place.open = true;
      place.scrollIntoView();
      return;
    }
    if (!/(^|&)(team|weeks)=/.test(hash)) return;
    const given = new URLSearchParams(hash.replaceAll("+", "%2B"));
    if (given.has("team") && page.views.some((item) => item.team === given.get("team"))) state.team = given.get("team");
    if (given.has("weeks") && page.periods.some((item) => item.key === given.get("weeks"))) state.period = given.get("weeks");
    sync();
    window.scrollTo(0, 0);
  };
  const sync = () => {
    if ($("team")) $("team").value = state.team === null ? "" : `=${state.team}`;
    $("period").value = state.period;
    show();
  };

  if ($("team")) {
    for (const { team } of page.views) if (team !== null) $("team").append(element("option", { value: `=${team}` }, team));
    $("team").addEventListener("change", (event) => { state.team = event.target.value ? event.target.value.slice(1) : null; write(); show(); });
  }
  for (const { key, label } of page.periods) $("period").append(element("option", { value: key }, label));
  $("period").addEventListener("change", (event) => { state.period = event.target.value; write(); show(); });
  const setTheme = (theme) => {
    state.theme = theme;
    document.documentElement.dataset.theme = theme;
    $("theme").textContent = theme === "dark" ? "Light" : "Dark";
  };
  setTheme(window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  $("theme").addEventListener("click", () => { setTheme(state.theme === "dark" ? "light" : "dark"); show(); });
  const drawAll = () => Promise.all([...document.querySelectorAll(".chart")].map(draw));
  $("print").addEventListener("click", async () => {
    const before = state.theme;
    if (before === "dark") { setTheme("light"); show(); }
    await drawAll();
    window.print();
    if (before === "dark") { setTheme(before); show(); }
  });
  window.addEventListener("beforeprint", drawAll);
  window.addEventListener("hashchange", read);
  for (const id of ["team", "period", "theme", "print"]) if ($(id)) $(id).disabled = false;
  sync();
  read();
  document.documentElement.dataset.ready = "yes";
  // What a test asks.
  window.shipworthy = { written, drawAll };
})();
