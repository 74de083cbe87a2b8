import { Controller } from "@hotwired/stimulus";

/** Which rows of a list are chosen; the choice survives turning the page. */
export default class extends Controller<HTMLFormElement> {
  static targets = ["box", "page", "all", "count", "button"];
  static values = { total: Number };
  declare readonly boxTargets: HTMLInputElement[];
  declare readonly pageTargets: HTMLInputElement[];
  declare readonly allTargets: HTMLInputElement[];
  declare readonly countTargets: HTMLElement[];
  declare readonly buttonTargets: HTMLButtonElement[];
  declare readonly totalValue: number;

  connect(): void {
    this.update();
  }

  page(): void {
    const on = this.pageTargets[0].checked;
    for (const box of this.boxTargets) box.checked = on;
    this.update();
  }

  update(): void {
    const all = this.allTargets[0]?.checked ?? false;
    const chosen = all ? this.totalValue : this.boxTargets.filter((box) => box.checked).length;
    for (const count of this.countTargets) count.textContent = chosen ? chosen.toLocaleString("en") : "";
    for (const button of this.buttonTargets) button.disabled = chosen === 0;
    for (const box of this.boxTargets) box.closest("tr")?.classList.toggle("chosen", all || box.checked);
  }
}
