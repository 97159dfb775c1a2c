// What plain HTML cannot do: copying, dialogs, the reader's time zone, chart values and closing
// menus. Pages work without it. One listener per event on the document, so swapped parts need no
// set-up of their own.
(() => {
  "use strict";

  const on = (event, selector, run) =>
    document.addEventListener(event, (e) => {
      const hit = e.target instanceof Element && e.target.closest(selector);
      if (hit) run(hit, e);
    });

  // Copy buttons say that they did, and fall back to selecting what is to be copied.
  on("click", "[data-copy]", async (button) => {
    const label = button.querySelector("[data-copy-label]");
    const before = label && (label.dataset.before ||= label.textContent);
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
    } catch {
      button.parentElement.querySelector("input")?.select();
      return;
    }
    button.classList.add("copied");
    if (label) label.textContent = "Copied";
    say("Copied");
    setTimeout(() => {
      button.classList.remove("copied");
      if (label) label.textContent = before;
    }, 1600);
  });

  on("click", "[data-print]", () => print());
  on("click", "[data-select-all]", (input) => input.select());

  // All rows of a bulk action are ticked at once, or none when all are.
  on("click", "[data-tick-all]", (link, e) => {
    if (e.metaKey || e.ctrlKey || e.shiftKey) return;
    e.preventDefault();
    const boxes = [...document.querySelectorAll(`input[type="checkbox"][form="${link.dataset.tickAll}"]`)];
    const all = boxes.every((box) => box.checked);
    for (const box of boxes) box.checked = !all;
    link.textContent = all ? "Select all on this page" : "Select none";
  });

  // A hidden live region for what is only seen otherwise.
  const voice = document.createElement("div");
  voice.className = "sr-only";
  voice.setAttribute("role", "status");
  const say = (text) => {
    if (!voice.isConnected) document.body.append(voice);
    voice.textContent = "";
    setTimeout(() => (voice.textContent = text), 50);
  };

  // Dialogs: open what arrived, close by button or by a click outside, leave nothing behind.
  const openDialogs = () => {
    for (const dialog of document.querySelectorAll("dialog[data-open]:not([open])")) dialog.showModal();
  };
  on("click", "[data-close]", (button) => button.closest("dialog")?.close());
  document.addEventListener("click", (e) => {
    if (e.target instanceof HTMLDialogElement && e.target.open && outside(e.target, e)) e.target.close();
  });
  document.addEventListener("close", (e) => e.target.matches?.("dialog[data-open]") && e.target.remove(), true);

  const outside = (dialog, e) => {
    const box = dialog.getBoundingClientRect();
    return e.clientX < box.left || e.clientX > box.right || e.clientY < box.top || e.clientY > box.bottom;
  };

  // Messages go when dismissed; good news also goes by itself.
  on("click", "[data-dismiss]", (button) => button.closest(button.dataset.dismiss)?.remove());
  const fadeToasts = () => {
    for (const toast of document.querySelectorAll('[data-toast="success"]:not([data-timed])')) {
      toast.dataset.timed = "";
      setTimeout(() => toast.matches(":hover, :focus-within") || toast.remove(), 6000);
    }
  };

  // Moments in the reader's own zone, in the words of the page; the server wrote them in UTC.
  const minute = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "short" });
  const exact = new Intl.DateTimeFormat("en-GB", { dateStyle: "full", timeStyle: "long" });
  const localTimes = () => {
    for (const time of document.querySelectorAll("time[data-time]:not([data-local])")) {
      const moment = new Date(time.dateTime);
      if (isNaN(moment)) continue;
      if (time.dataset.time === "minute") time.textContent = minute.format(moment);
      time.title = exact.format(moment);
      time.dataset.local = "";
    }
  };

  // Charts show the values of the point under the pointer, or of the one the arrow keys chose.
  const show = (point) => {
    const chart = point.closest(".chart");
    chart.querySelector(".chart-point.on")?.classList.remove("on");
    point.classList.add("on");
    const readout = chart.querySelector(".chart-readout");
    if (readout) readout.textContent = point.dataset.label + ": " + point.dataset.values;
  };
  on("pointerover", ".chart-point", show);
  on("pointerdown", ".chart-point", show);
  on("keydown", ".chart-plot[tabindex]", (plot, e) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[e.key];
    if (!step) return;
    e.preventDefault();
    const points = [...plot.querySelectorAll(".chart-point")];
    const at = points.findIndex((p) => p.classList.contains("on"));
    const next = at < 0 ? (step > 0 ? 0 : points.length - 1) : Math.min(Math.max(at + step, 0), points.length - 1);
    if (!points[next]) return;
    show(points[next]);
    say(points[next].dataset.label + ": " + points[next].dataset.values);
  });
  on("pointerout", ".chart-plot", (plot, e) => {
    if (plot.contains(e.relatedTarget)) return;
    plot.querySelector(".chart-point.on")?.classList.remove("on");
    const readout = plot.closest(".chart").querySelector(".chart-readout");
    if (readout) readout.textContent = "";
  });

  // Menus close by a click elsewhere and by Escape; the drawer does by itself.
  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details[data-menu][open]")) if (menu !== except) menu.open = false;
  };
  document.addEventListener("click", (e) => closeMenus(e.target.closest?.("details[data-menu]")));
  document.addEventListener("keydown", (e) => {
    if (e.key !== "Escape") return;
    const menu = document.querySelector("details[data-menu][open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary")?.focus();
  });

  const refresh = () => {
    openDialogs();
    localTimes();
    fadeToasts();
  };

  // After a swap: a refused form leads to its first wrong field, and a dialog whose action went
  // through, or failed for another reason than its input, gives the page back.
  document.addEventListener("htmx:after:swap", (e) => {
    refresh();
    const { ctx } = e.detail;
    if (ctx?.response?.status === 422) {
      const form = ctx.sourceElement?.isConnected ? ctx.sourceElement : document;
      form.querySelector('[aria-invalid="true"]')?.focus();
      return;
    }
    if (ctx?.request?.method === "POST") {
      for (const dialog of document.querySelectorAll("dialog[data-open][open]")) dialog.close();
    }
  });

  // A request that never got an answer is told where messages stand.
  document.addEventListener("htmx:error", (e) => {
    if (!e.detail?.ctx || e.detail.ctx.response) return;
    const flash = document.getElementById("flash");
    if (!flash) return;
    const toast = document.createElement("div");
    toast.className = "toast toast-critical";
    const text = document.createElement("p");
    text.textContent = "The server could not be reached. Check your connection and try again.";
    toast.append(text);
    flash.replaceChildren(toast);
  });

  refresh();
})();
