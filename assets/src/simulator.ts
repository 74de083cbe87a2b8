import { Controller } from "@hotwired/stimulus";

/** The simulator's form: a further policy of the caller. Without it one field takes a JSON list of policies. */
export default class extends Controller<HTMLFormElement> {
  static targets = ["item", "add"];
  declare readonly itemTargets: HTMLElement[];
  declare readonly addTarget: HTMLButtonElement;

  connect(): void {
    this.addTarget.hidden = false;
  }

  add(): void {
    const last = this.itemTargets[this.itemTargets.length - 1];
    const item = last.cloneNode(true) as HTMLElement;
    const number = this.itemTargets.length + 1;
    const label = item.querySelector("label");
    const area = item.querySelector("textarea");
    if (!label || !area) return;
    item.querySelector(".error")?.remove();
    area.removeAttribute("aria-invalid");
    area.removeAttribute("aria-describedby");
    area.id = `identity-${number}`;
    area.value = "";
    label.htmlFor = area.id;
    label.textContent = `Policies of the caller (${number})`;
    last.after(item);
    area.focus();
  }
}
