// What the console does besides htmx: ticks, keys, times in the reader's zone. Every page works without it.
"use strict";
(() => {
  const body = document.body;
  document.documentElement.classList.add("scripted");
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const kept = (name, value) => {
    try {
      if (value === undefined) return localStorage.getItem(name);
      localStorage.setItem(name, value);
    } catch { /* a browser that keeps nothing */ }
    return null;
  };

  // Live parts listen to `tick`. A page that is hidden, paused, or in which someone has a live part's control in focus stands still.
  let paused = false;
  const isBusy = () => {
    const focus = document.activeElement;
    return focus && focus.closest("#live") && focus.matches("input, select, textarea");
  };
  setInterval(() => {
    if (!document.hidden && !paused && !isBusy() && $("#live")) body.dispatchEvent(new CustomEvent("tick"));
  }, 1000);
  const banner = (text) => {
    const element = $("#banner");
    if (!element) return;
    element.hidden = !text;
    if (element.textContent !== text) element.textContent = text;
  };
  const pausedText = "Paused: press p to go on.";
  body.addEventListener("htmx:sendError", () => banner("The gateway does not answer; this page shows what was last known and goes on when it is back."));
  body.addEventListener("htmx:afterRequest", (event) => { if (event.detail.successful) banner(paused ? pausedText : ""); });
  // A part that begins with `data-into` goes there, and what it was asked for stays as it is.
  body.addEventListener("htmx:beforeSwap", (event) => {
    const into = /^\s*<\w+ data-into="(#[\w-]+)"/.exec(event.detail.serverResponse || "");
    if (into && $(into[1])) { event.detail.target = $(into[1]); event.detail.swapOverride = "innerHTML"; }
  });
  // A part that cannot be had again stays as it is, and says so.
  body.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "live") return;
    if (event.detail.xhr.status >= 400) {
      event.detail.shouldSwap = false;
      banner("The gateway answered " + event.detail.xhr.status + "; this page shows what was last known.");
    } else if (!(event.detail.serverResponse || "").includes('id="live"')) {
      // What it shows has ended, and the whole page is another one.
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  // What a reader has unfolded stays so when its part is loaded again.
  if (window.Idiomorph) Idiomorph.defaults.callbacks.beforeAttributeUpdated = (name, element) => !(name === "open" && element.matches("details"));

  // Times are UTC in the page, and here in the zone that the reader has chosen.
  let local = kept("zone") !== "utc";
  const two = (number) => String(number).padStart(2, "0");
  const showTimes = (root) => $$("time[datetime]", root).forEach((element) => {
    const stamp = element.getAttribute("datetime");
    const at = new Date(stamp);
    if (isNaN(at)) return;
    const text = local
      ? `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
      : `${stamp.slice(0, 10)} ${stamp.slice(11, 19)}`;
    if (element.textContent !== text) element.textContent = text;
    element.title = stamp;
  });
  const zone = $("#zone");
  if (zone) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    const say = () => { button.textContent = local ? "times are local" : "times are UTC"; };
    button.addEventListener("click", () => { local = !local; kept("zone", local ? "local" : "utc"); say(); showTimes(document); });
    say();
    zone.replaceChildren(button);
  }
  showTimes(document);

  // The row that keys act on.
  let chosen = -1;
  const rows = () => $$("main tbody tr").filter((row) => $("a[href]", row));
  const choose = (index, focus) => {
    const all = rows();
    if (!all.length) return;
    chosen = Math.max(0, Math.min(index, all.length - 1));
    all.forEach((row, at) => row.classList.toggle("chosen", at === chosen));
    if (focus) $("a[href]", all[chosen]).focus();
    all[chosen].scrollIntoView({ block: "nearest" });
  };
  // At once after the swap, so that nothing is painted in between.
  for (const event of ["htmx:afterSwap", "htmx:afterSettle"]) {
    body.addEventListener(event, () => { showTimes(document); if (chosen >= 0) choose(chosen, false); });
  }

  const dialog = $("#keys");
  const button = $("#keys-button");
  const off = $("#keys-off");
  if (button) { button.hidden = false; button.addEventListener("click", () => dialog.showModal()); }
  if (off) { off.checked = kept("keys") === "off"; off.addEventListener("change", () => kept("keys", off.checked ? "off" : "on")); }
  let afterG = 0;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    const inField = event.target.closest("input, textarea, select, dialog[open]");
    if (event.key === "Escape" && event.target.closest("input, textarea, select")) { event.target.blur(); return; }
    if (inField || kept("keys") === "off") return;
    const key = event.key;
    if (Date.now() - afterG < 1500) {
      afterG = 0;
      const page = $(`[data-go="${CSS.escape(key)}"]`);
      if (page) { event.preventDefault(); page.click(); }
      return;
    }
    const marked = $(`[data-key="${CSS.escape(key)}"]`);
    if (marked) {
      event.preventDefault();
      if (marked.matches("a, button")) marked.click(); else { marked.focus(); marked.select?.(); }
    } else if (key === "g") afterG = Date.now();
    else if (key === "?") { event.preventDefault(); dialog?.showModal(); }
    else if (key === "j") choose(chosen + 1, true);
    else if (key === "k") choose(chosen - 1, true);
    else if (key === "Escape" && history.length > 1) history.back();
    else if (key === "p") { paused = !paused; banner(paused ? pausedText : ""); }
    else if (key === "y") {
      const row = rows()[Math.max(chosen, 0)];
      const id = $("[data-id]", row || $("main"));
      const refused = () => banner("This browser lets nothing be copied here.");
      if (id && navigator.clipboard) navigator.clipboard.writeText(id.dataset.id).then(() => banner("Copied " + id.dataset.id), refused);
      else if (id) refused();
    }
  });
  const select = (area, from, to) => {
    const line = area.value.slice(0, from).split("\n").length;
    area.focus();
    area.setSelectionRange(from, to);
    area.scrollTop = Math.max(0, (line - 4) * parseFloat(getComputedStyle(area).lineHeight) || 0);
  };
  // `data-field` names canonical fields. One that is pointed at or in focus is marked wherever it stands; a click selects it in the editor.
  const fieldsOf = (element) => element.dataset.field.split(" ");
  for (const event of $("#result") ? ["mouseover", "focusin"] : []) {
    document.addEventListener(event, ({ target }) => {
      const at = target.closest("[data-field]");
      $$("[data-field]").forEach((element) => element.classList.toggle("marked", Boolean(at) && fieldsOf(element).some((name) => fieldsOf(at).includes(name))));
    });
  }
  /** Where one of these members of the object's first level stands in the text of an update. */
  const placeOf = (text, names) => {
    let depth = 0;
    for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/g)) {
      const end = index + token.length;
      if ("{[".includes(token)) depth += 1;
      else if ("}]".includes(token)) depth -= 1;
      else if (depth === 1 && names.includes(token.slice(1, -1)) && /^\s*:/.test(text.slice(end))) return [index, end];
    }
    return null;
  };
  // A link with `data-caret` leads to a line and column of the text area that it names; `data-copy` copies an element's text.
  document.addEventListener("click", (event) => {
    const field = event.target.closest("[data-field]");
    const editor = field && getSelection().isCollapsed && $("#update");
    if (editor) {
      event.preventDefault();
      const place = placeOf(editor.value, fieldsOf(field));
      if (place) select(editor, ...place);
    }
    const caret = event.target.closest("a[data-caret]");
    const area = caret && $(caret.getAttribute("href"));
    if (area) {
      event.preventDefault();
      const [line, column] = caret.dataset.caret.split(":").map(Number);
      const before = area.value.split("\n").slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
      const offset = before + [...area.value.slice(before)].slice(0, column - 1).join("").length;
      select(area, offset, offset);
    }
    const copy = event.target.closest("button[data-copy]");
    if (copy) {
      const text = copy.dataset.copy === "location" ? location.href : $(copy.dataset.copy)?.textContent;
      const said = copy.dataset.said || copy.textContent;
      copy.dataset.said = said;
      const say = (word) => { copy.textContent = word; setTimeout(() => { copy.textContent = said; }, 1500); };
      if (navigator.clipboard) navigator.clipboard.writeText(text || "").then(() => say("Copied"), () => say("Not allowed"));
      else say("Not allowed");
    }
  });

  // A form with `data-share` keeps what it holds behind the address's `#`, which browsers do not send: the text packed, the rest
  // as it is. A packed text is not unpacked beyond a mebibyte.
  const shared = $("form[data-share]");
  if (shared && window.CompressionStream && window.DecompressionStream) {
    const area = $("textarea", shared);
    const others = () => $$("input[name], select[name]", shared).filter((control) => control.type !== "hidden");
    const pack = async (text) => {
      const packed = new Blob([text]).stream().pipeThrough(new CompressionStream("deflate-raw"));
      let binary = "";
      for (const byte of new Uint8Array(await new Response(packed).arrayBuffer())) binary += String.fromCharCode(byte);
      return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    };
    const unpack = async (text) => {
      const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
      const bytes = Uint8Array.from(binary, (letter) => letter.charCodeAt(0));
      const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
      const parts = [];
      for (let size = 0; ;) {
        const { done, value } = await reader.read();
        if (done) return new Blob(parts).text();
        size += value.length;
        if (size > 1 << 20) throw new Error("too long");
        parts.push(value);
      }
    };
    let turn = 0;
    const keep = async () => {
      const mine = ++turn;
      const packed = await pack(area.value);
      const rest = new URLSearchParams();
      others().forEach((control) => { if (control.type !== "checkbox" ? control.value : control.checked) rest.append(control.name, control.value); });
      if (mine === turn) history.replaceState(null, "", "#u=" + packed + (rest.size ? "&" + rest : ""));
    };
    const take = async () => {
      const held = new URLSearchParams(location.hash.slice(1));
      if (!held.has("u")) return;
      try { area.value = await unpack(held.get("u")); } catch { banner("The link's text cannot be read; it was cut off, perhaps."); return; }
      others().forEach((control) => {
        const values = held.getAll(control.name);
        if (control.type === "checkbox") control.checked = values.includes(control.value);
        else control.value = values[0] || "";
      });
      area.dispatchEvent(new Event("input", { bubbles: true }));
      shared.dispatchEvent(new Event("change", { bubbles: true }));
    };
    shared.addEventListener("input", keep);
    shared.addEventListener("change", keep);
    take();
    window.addEventListener("hashchange", take);
  }

  // Who comes back finds the focus where it was: a browser keeps the place, but not the focus.
  const here = `focus ${location.pathname}${location.search}`;
  window.addEventListener("pagehide", () => {
    const element = document.activeElement;
    const href = element?.getAttribute("href");
    const place = element?.id ? `#${CSS.escape(element.id)}` : href ? `a[href="${CSS.escape(href)}"]` : "";
    try { sessionStorage.setItem(here, place); } catch { /* a browser that keeps nothing */ }
  });
  const came = performance.getEntriesByType("navigation")[0]?.type;
  if (came === "back_forward" || came === "reload") {
    let place = null;
    try { place = sessionStorage.getItem(here); } catch { /* the same */ }
    const element = place && ($(place, $("main") || body) || $(place));
    element?.focus();
    const row = element ? rows().indexOf(element.closest("tr")) : -1;
    if (row >= 0) choose(row, false);
  }
  // A shared link keeps what stands after `#` while its reader signs in.
  const signIn = $("#token")?.form;
  if (signIn) signIn.setAttribute("action", signIn.getAttribute("action") + location.hash);

  // The token field of another page's form is of this session; nothing is kept for going back.
  window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
})();
