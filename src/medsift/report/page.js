"use strict";
(() => {
  const PAGE = 120;
  const PROBLEMS = 200;
  const byId = (id) => document.getElementById(id);
  const blocks = (name) => [...document.querySelectorAll(`script[data-block="${name}"]`)];

  // Records are read at once, thumbnails block by block when one of them is shown.
  const records = blocks("records").flatMap((block) => JSON.parse(block.textContent));
  const thumbBlocks = blocks("thumbnails");
  const thumbs = new Map();
  const thumbnail = (record) => {
    const [block, place] = record.thumbnail || [];
    if (block === undefined) return "";
    if (!thumbs.has(block)) thumbs.set(block, JSON.parse(thumbBlocks[block].textContent));
    return "data:image/webp;base64," + thumbs.get(block)[place];
  };

  // Marks that reverse text, and other invisible ones, could make a name look like another.
  const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;
  const visible = (text) => String(text).replace(INVISIBLE,
    (mark) => "\\u" + mark.charCodeAt(0).toString(16).padStart(4, "0"));

  // Text from outside goes in as text only, never as markup.
  const element = (name, className, text) => {
    const node = document.createElement(name);
    if (className) node.className = className;
    if (text !== undefined) node.textContent = visible(text);
    return node;
  };
  const plural = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
  // As people read it: what is not quite sure is never called 100 %, nor 0 %.
  const percent = (p) => {
    if (p === null) return "";
    if (p > 0.999 && p < 1) return "> 99.9 %";
    if (p < 0.001 && p > 0) return "< 0.1 %";
    return `${(100 * p).toFixed(p > 0.99 || p < 0.01 ? 1 : 0)} %`;
  };
  const place = (record) => record.locator || record.member || record.url;
  const lettering = (record) => record.text_boxes ? `${plural(record.text_boxes, "line")} of text` : "";

  const pictures = records.filter((record) => record.status === "ok");
  const words = new WeakMap();
  const searchable = (record) => {
    if (!words.has(record)) {
      const fields = ["source", "locator", "member", "url", "kind", "label", "reason", "sha256", "format"];
      words.set(record, fields.map((name) => record[name]).join("\n").toLowerCase());
    }
    return words.get(record);
  };

  // Words are looked for anywhere; "a phrase" as it stands; in:"a folder or host" and file:"a source"
  // are what they say, so that a bar selects what it counts. A quote inside is written twice.
  const folderOf = (record) => {
    const address = /^https?:\/\/([^/?#]+)/.exec(record.source);
    if (address) return address[1].toLowerCase();
    const drive = /^([a-z]:\\|\\\\)/i.test(record.source);
    const path = record.source.replaceAll(drive ? "\\" : document.body.dataset.separator, "/");
    const end = path.lastIndexOf("/");
    return (end > 0 ? path.slice(0, end) : end === 0 ? "/" : ".").toLowerCase();
  };
  function tests(sought) {
    const parts = sought.toLowerCase().matchAll(/(in:|file:|)"((?:[^"]|"")*)"|\S+/g);
    return [...parts].map(([word, what, phrase]) => {
      const text = phrase === undefined ? word : phrase.replaceAll('""', '"');
      if (what === "in:") return (record) => folderOf(record) === text;
      if (what === "file:") return (record) => record.source.toLowerCase() === text;
      return (record) => searchable(record).includes(text);
    });
  }

  const form = byId("filters");
  const cards = byId("cards");
  let shown = [];
  let page = 0;
  let current = 0;

  function fillKinds() {
    const counts = new Map();
    for (const { kind } of pictures) if (kind) counts.set(kind, (counts.get(kind) || 0) + 1);
    for (const [kind, count] of [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) {
      const option = element("option", "", `${kind} (${count.toLocaleString("en")})`);
      option.value = kind;
      form.elements.kind.append(option);
    }
  }

  const RANK = { medical: 0, uncertain: 1, non_medical: 2 };
  const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
  function urgency(a, b) {
    const rank = (record) => RANK[record.label] ?? 3;
    return Math.floor(rank(a) / 2) - Math.floor(rank(b) / 2) || compare(folderOf(a), folderOf(b))
      || compare(a.source, b.source) || rank(a) - rank(b) || b.p_medical - a.p_medical;
  }

  // The filters stand in the address, so that a selection can be kept and sent.
  const ORDER = form.elements.order.options[0].value;
  let written = "";

  function write() {
    const chosen = new URLSearchParams();
    const boxes = [...form.querySelectorAll("[name=label]")];
    if (!boxes.every((box) => box.checked)) chosen.set("label", boxes.filter((box) => box.checked).map((box) => box.value).join(","));
    for (const name of ["kind", "text"]) if (form.elements[name].value) chosen.set(name, form.elements[name].value);
    if (form.elements.order.value !== ORDER) chosen.set("order", form.elements.order.value);
    written = chosen.size ? `#${chosen}` : "";
    if (written !== location.hash) history.replaceState(null, "", written || location.pathname + location.search);
  }

  const FIELDS = ["label", "kind", "text", "order"];
  function read() {
    const chosen = new URLSearchParams(location.hash.slice(1));
    if (location.hash && !FIELDS.some((name) => chosen.has(name))) return;
    for (const box of form.querySelectorAll("[name=label]")) {
      box.checked = !chosen.has("label") || chosen.get("label").split(",").includes(box.value);
    }
    form.elements.kind.value = chosen.get("kind") || "";
    form.elements.text.value = chosen.get("text") || "";
    form.elements.order.value = chosen.get("order") || ORDER;
    if (form.elements.order.selectedIndex < 0) form.elements.order.value = ORDER;
    filter();
  }

  // A text that begins like a formula gets an apostrophe, as in the files that medsift writes.
  const cell = (value) => {
    let text = value === null || value === undefined ? "" : String(value);
    if (typeof value === "string" && /^[=+\-@\t\r\n'\uff1d\uff0b\uff0d\uff20]/.test(text)) text = `'${text}`;
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  function save() {
    const names = Object.keys(records[0] || {}).filter((name) => name !== "thumbnail" && name !== "heat");
    const value = (record, name) => (Array.isArray(record[name]) ? record[name].join(" ") : record[name]);
    const lines = shown.map((record) => names.map((name) => cell(value(record, name))).join(","));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([[names.join(","), ...lines, ""].join("\r\n")], { type: "text/csv" }));
    link.download = "medsift-selection.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  }

  function filter() {
    write();
    const labels = new Set([...form.querySelectorAll("[name=label]:checked")].map((box) => box.value));
    const kind = form.elements.kind.value;
    const sought = tests(form.elements.text.value);
    shown = pictures.filter((record) =>
      labels.has(record.label) && (!kind || record.kind === kind)
      && sought.every((matches) => matches(record)));
    const order = form.elements.order.value;
    if (order === "hits") shown.sort(urgency);
    if (order === "most") shown.sort((a, b) => b.p_medical - a.p_medical);
    if (order === "unsure") shown.sort((a, b) => a.confidence - b.confidence);
    page = 0;
    show();
  }

  function show() {
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    const first = page * PAGE;
    const some = shown.slice(first, first + PAGE);
    cards.replaceChildren(...some.map((record, offset) => card(record, first + offset)));
    byId("found").textContent = shown.length
      ? `${plural(shown.length, "picture")} of ${pictures.length.toLocaleString("en")}`
      : "No picture matches.";
    byId("pager").hidden = pages === 1;
    byId("page").textContent = `page ${page + 1} of ${pages}`;
    byId("previous").disabled = page === 0;
    byId("next").disabled = page === pages - 1;
  }

  function card(record, position) {
    const frame = element("span", "frame");
    const source = thumbnail(record);
    if (source) {
      const image = element("img");
      image.loading = "lazy";
      image.decoding = "async";
      image.alt = visible(`${record.label}, ${record.kind}`);
      image.src = source;
      frame.append(image);
    } else {
      frame.append("no preview");
    }
    const text = element("span", "words");
    // Cut at the front: the end of a path tells pictures apart.
    const path = element("span", "faint start");
    path.append(element("bdi", "", record.source));
    path.title = visible(record.source);
    const verdict = element("span", `verdict ${record.label}`);
    const p = element("span", "p", percent(record.p_medical));
    p.title = "probability of medical";
    verdict.append(element("span", "whole", record.label), p);
    text.append(
      verdict,
      element("span", "whole", record.kind || "\u00a0"),
      path,
      element("span", "faint", [place(record), lettering(record)].filter(Boolean).join("; ") || "\u00a0"));
    const button = element("button", "card");
    button.type = "button";
    button.setAttribute("aria-label", visible(
      `${record.label}, ${percent(record.p_medical)} medical, ${record.kind || "no kind"}, `
      + `${record.source} ${place(record)}`));
    button.append(frame, text);
    button.addEventListener("click", () => open(position));
    const item = element("li");
    item.append(button);
    return item;
  }

  const dialog = byId("detail");
  const explain = byId("explain");

  // The small map over the picture in grey, as `medsift explain` draws it.
  function overlay(image, heat) {
    const bytes = Uint8Array.from(atob(heat), (mark) => mark.charCodeAt(0));
    const [columns, rows] = bytes;
    const evidence = Int8Array.from(bytes.subarray(2));
    const most = Math.max(16, ...evidence.map(Math.abs));
    const small = document.createElement("canvas");
    [small.width, small.height] = [columns, rows];
    const colours = new ImageData(columns, rows);
    evidence.forEach((value, at) => colours.data.set(
      [...(value > 0 ? [230, 120, 0] : [0, 114, 178]), 166 * Math.abs(value) / most], 4 * at));
    small.getContext("2d").putImageData(colours, 0, 0);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
    const pen = canvas.getContext("2d");
    pen.filter = "grayscale(1)";
    pen.drawImage(image, 0, 0);
    pen.filter = "none";
    pen.imageSmoothingQuality = "high";
    pen.drawImage(small, 0, 0, canvas.width, canvas.height);
    return canvas.toDataURL();
  }

  async function paint(record) {
    const image = byId("detail-image");
    const source = thumbnail(record);
    const wanted = explain.getAttribute("aria-pressed") === "true" && record.heat;
    image.src = source;
    image.alt = visible(`Preview of ${record.source} ${place(record)}`);
    if (!wanted) return;
    await image.decode();
    if (shown[current] !== record || image.src !== source) return;
    image.src = overlay(image, record.heat);
    image.alt += ", coloured by what decided";
  }

  function open(position) {
    current = position;
    const record = shown[position];
    byId("detail-title").textContent = visible([record.label, record.kind].filter(Boolean).join(": "));
    const image = byId("detail-image");
    const source = thumbnail(record);
    image.hidden = !source;
    byId("explained").hidden = !(source && record.heat);
    if (source) paint(record); else image.removeAttribute("src");
    const fields = byId("detail-fields");
    fields.replaceChildren();
    for (const [name, value] of Object.entries(record)) {
      if (name === "thumbnail" || name === "heat" || value === "" || value === null) continue;
      fields.append(element("dt", "", name), element("dd", "", Array.isArray(value) ? value.join(" ") : String(value)));
    }
    byId("before").disabled = position === 0;
    byId("after").disabled = position === shown.length - 1;
    if (!dialog.open) dialog.showModal();
  }

  function step(by) {
    const target = current + by;
    if (target >= 0 && target < shown.length) open(target);
  }

  function problems(id, title, rows) {
    if (!rows.length) return;
    const details = element("details");
    details.open = rows.length <= 20;
    details.append(element("summary", "", `${title} (${rows.length.toLocaleString("en")})`));
    const table = element("table");
    const head = element("tr");
    for (const name of ["source", "place", "why"]) {
      const cell = element("th", "", name);
      cell.scope = "col";
      head.append(cell);
    }
    const body = element("tbody");
    const caption = element("thead");
    caption.append(head);
    table.append(caption, body);
    const more = element("button", "", "Show more");
    more.type = "button";
    const extend = () => {
      const from = body.children.length;
      for (const record of rows.slice(from, from + PROBLEMS)) {
        const row = element("tr");
        for (const text of [record.source, place(record), record.error || record.reason]) row.append(element("td", "", text));
        body.append(row);
      }
      more.hidden = body.children.length >= rows.length;
    };
    more.addEventListener("click", extend);
    extend();
    details.append(table, more);
    byId(id).append(details);
    byId("problems").hidden = false;
  }

  fillKinds();
  problems("failed", "Failed", records.filter((record) => record.status === "failed"));
  problems("skipped", "Skipped", records.filter((record) => record.status === "skipped"));
  form.hidden = pictures.length === 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", filter);
  form.addEventListener("reset", () => setTimeout(filter));
  byId("export").addEventListener("click", save);
  addEventListener("hashchange", () => {
    if (location.hash === written) return;
    read();
    byId("gallery").scrollIntoView();
  });
  const turn = (by) => {
    page += by;
    show();
    byId("gallery").focus();
  };
  byId("previous").addEventListener("click", () => turn(-1));
  byId("next").addEventListener("click", () => turn(1));
  byId("before").addEventListener("click", () => step(-1));
  byId("after").addEventListener("click", () => step(1));
  explain.addEventListener("click", () => {
    explain.setAttribute("aria-pressed", String(explain.getAttribute("aria-pressed") !== "true"));
    paint(shown[current]);
  });
  byId("shut").addEventListener("click", () => dialog.close());
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  if (location.hash) read();
  if (!shown.length) filter();
})();
