"""Draw docs/pictures/*.svg from bpmn/*.bpmn with the viewer that the pages use.

Run by `make pictures` after a diagram has changed; needs Chromium, no network. A file's first page
has its name; the pages of collapsed sub-processes follow as -2, -3 … in the order of the file.
"""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
VIEWER = ROOT / "webapp/static/vendor/viewer.js"
PICTURES = ROOT / "docs/pictures"

# All pages of one diagram. The licence of the viewer asks that its mark stays visible; saveSVG
# leaves it out.
DRAW = """
async ([code, xml]) => {
  const url = URL.createObjectURL(new Blob([code], {type: "text/javascript"}));
  const {NavigatedViewer} = await import(url);
  document.body.innerHTML = '<div id="canvas" style="width:1500px;height:900px"></div>';
  const viewer = new NavigatedViewer({container: "#canvas"});
  const {warnings} = await viewer.importXML(xml);
  if (warnings.length) throw new Error(warnings.map(one => one.message).join("; "));
  const canvas = viewer.get("canvas");
  const pages = [];
  for (const {plane} of viewer.getDefinitions().diagrams) {
    const page = plane.bpmnElement;
    canvas.setRootElement(canvas.findRoot(`${page.id}_plane`) || canvas.findRoot(page.id));
    pages.push(await draw(viewer));
  }
  return pages;

  async function draw(viewer) {
    const {svg} = await viewer.saveSVG();
    const picture = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    const [x, y, width, height] = picture.getAttribute("viewBox").split(" ").map(Number);
    picture.setAttribute("viewBox", [x, y, width, height + 30].join(" "));
    picture.setAttribute("height", height + 30);
    const link = document.createElementNS("http://www.w3.org/2000/svg", "a");
    link.setAttribute("href", "https://bpmn.io");
    const mark = document.querySelector(".bjs-powered-by svg").cloneNode(true);
    for (const [name, value] of Object.entries(
      {x: x + width - 60, y: y + height + 4, width: 53, height: 21, color: "#404040"}
    )) mark.setAttribute(name, value);
    mark.removeAttribute("style");
    link.appendChild(mark);
    picture.appendChild(link);
    return new XMLSerializer().serializeToString(picture);
  }
}
"""


def settled(svg: str) -> str:
    """The viewer gives its arrowheads random names; numbered, an unchanged diagram stays so."""
    names = dict.fromkeys(re.findall(r"id=\"(marker-\w+)\"", svg))
    for number, name in enumerate(names, 1):
        svg = svg.replace(name, f"arrow-{number}")
    return svg


def main() -> None:
    code = VIEWER.read_text(encoding="utf-8")
    drawn: dict[Path, str] = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        page = browser.new_page(locale="zh-CN")
        for diagram in sorted((ROOT / "bpmn").glob("*.bpmn")):
            pages = page.evaluate(DRAW, [code, diagram.read_text(encoding="utf-8")])
            for number, svg in enumerate(pages, 1):
                name = diagram.stem if number == 1 else f"{diagram.stem}-{number}"
                drawn[PICTURES / f"{name}.svg"] = settled(svg) + "\n"
                print(name)
        browser.close()
    for old in set(PICTURES.glob("*.svg")) - drawn.keys():
        old.unlink()
    for picture, svg in drawn.items():
        picture.write_text(svg, encoding="utf-8")


if __name__ == "__main__":
    main()
