// Put into a copy of a report by a test: measures what a reader would see and tells the page around it.
addEventListener("load", () => {
  const rgb = (text) => (text.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
  const light = (c) => {
    const [r, g, b] = c.map((v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const c = rgb(getComputedStyle(at).backgroundColor);
      if (c.length < 4 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  const contrast = (element, property) => {
    const a = light(rgb(getComputedStyle(element)[property])), b = light(behind(element));
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
  };
  const shown = (element) => element.getClientRects().length > 0 && element.textContent.trim() !== "";
  const name = (element) => element.tagName + " " + element.textContent.trim().slice(0, 30);

  const texts = [...document.querySelectorAll("h1, h2, h3, p, td, th, caption, figcaption, small, .label, .value, .role, .outcome, mark, a, summary")].filter(shown);
  const drawn = [...document.querySelectorAll("svg text")].filter(shown);
  let worst = { ratio: 99, of: "" };
  for (const element of texts) {
    const ratio = contrast(element, "color");
    if (ratio < worst.ratio) worst = { ratio, of: name(element) };
  }
  for (const element of drawn) {
    const ratio = contrast(element, "fill");
    if (ratio < worst.ratio) worst = { ratio, of: name(element) };
  }
  let faintest = { ratio: 99, of: "" };
  for (const mark of document.querySelectorAll("svg .mark")) {
    const ratio = contrast(mark, mark.matches(".s0") ? "stroke" : "fill");
    if (ratio < faintest.ratio) faintest = { ratio, of: mark.getAttribute("class") };
  }

  // Words of one drawing must not lie on each other, nor leave its frame.
  const overlaps = [], outside = [];
  for (const svg of document.querySelectorAll("figure svg")) {
    const frame = svg.closest("figure").getBoundingClientRect();
    const boxes = [...svg.querySelectorAll("text")].filter(shown).map((t) => [t.textContent, t.getBoundingClientRect()]);
    for (let i = 0; i < boxes.length; i++) {
      const [said, a] = boxes[i];
      if (a.left < frame.left - 1 || a.right > frame.right + 1 || a.bottom > frame.bottom + 1) outside.push(said);
      for (let j = 0; j < i; j++) {
        const [other, b] = boxes[j];
        const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
        const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
        if (wide > 1 && high > 3) overlaps.push(said + " / " + other);
      }
    }
  }
  parent.postMessage({
    width: innerWidth,
    scrollWidth: document.documentElement.scrollWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    background: getComputedStyle(document.body).backgroundColor,
    sections: [...document.querySelectorAll("section")].filter((s) => s.getBoundingClientRect().height > 60).map((s) => s.id),
    drawings: [...document.querySelectorAll("figure svg")].filter((s) => s.getBoundingClientRect().height > 40).length,
    smallest: Math.min(...drawn.map((t) => parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a)),
    worst, faintest, overlaps, outside,
  }, "*");
});
