"use strict";
// What a page can do beside showing all it has: find students in a grid, and sort them.
for (const section of document.querySelectorAll("section[data-find]")) {
  const grids = [...section.querySelectorAll("table.grid")];
  const heads = grids.map((grid) => [...grid.tHead.rows[0].cells]);
  // The letters of a status say how far it is: their order is that of the legend.
  const letters = [...document.querySelectorAll(".legend .s")].map((one) => one.textContent);
  const controls = document.createElement("p");
  const find = document.createElement("input");
  const sort = document.createElement("select");
  controls.className = "controls";
  find.type = "search";
  controls.append(labelled(section.dataset.find, find), labelled(section.dataset.sort, sort));
  heads.forEach((cells, grid) => {
    cells.forEach((cell, column) => {
      if (column || !grid) sort.add(new Option(cell.textContent, `${grid} ${column}`));
    });
  });
  grids[0].parentElement.before(controls);

  function labelled(text, control) {
    const label = document.createElement("label");
    label.append(`${text} `, control);
    return label;
  }

  find.addEventListener("input", () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    for (const grid of grids) {
      for (const row of grid.tBodies[0].rows) {
        row.hidden = !row.cells[0].textContent.toLocaleLowerCase().includes(wanted);
      }
    }
  });

  sort.addEventListener("change", () => {
    const [chosen, column] = sort.value.split(" ").map(Number);
    const told = [...grids[chosen].tBodies[0].rows].map((row) => row.cells[column].textContent);
    const compare = column
      ? (a, b) => letters.indexOf(told[a]) - letters.indexOf(told[b])
      : (a, b) => told[a].localeCompare(told[b]);
    const order = told.map((_, place) => place).sort(compare);
    for (const grid of grids) {
      const rows = [...grid.tBodies[0].rows];
      grid.tBodies[0].append(...order.map((place) => rows[place]));
    }
  });
}
