import { Controller } from "@hotwired/stimulus";

/** The form of an unused access analyzer: a number of days of one's own, and a name that follows the period until
 * somebody types another. */
export default class extends Controller<HTMLElement> {
  static targets = ["days", "name", "proposed"];
  declare readonly daysTarget: HTMLInputElement;
  declare readonly nameTargets: HTMLInputElement[];
  private last = "";

  /** A choice was made among the usual periods. */
  changed(event: Event): void {
    const value = (event.target as HTMLInputElement).value;
    if (/^\d+$/.test(value)) this.daysTarget.value = value;
    else this.daysTarget.focus();
  }

  /** A number was typed: it is the choice. */
  other(): void {
    const radio = this.element.querySelector<HTMLInputElement>('input[name="preset"][value="other"]');
    if (radio) radio.checked = true;
  }

  proposedTargetConnected(element: HTMLElement): void {
    const proposed = element.textContent ?? "";
    for (const name of this.nameTargets) if (name.value === "" || name.value === this.last) name.value = proposed;
    this.last = proposed;
  }
}
