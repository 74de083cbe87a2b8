import { Controller } from "@hotwired/stimulus";

/** Copies the text of its target. */
export default class extends Controller {
  static targets = ["text"];
  declare readonly textTarget: HTMLElement;

  async copy(event: Event): Promise<void> {
    await navigator.clipboard.writeText(this.textTarget.textContent ?? "");
    const button = event.currentTarget as HTMLElement;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = "Copy"), 1500);
  }
}
