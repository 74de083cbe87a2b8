import { Controller } from "@hotwired/stimulus";

/** The search box: suggestions for the word at its end. */
export default class extends Controller<HTMLFormElement> {
  static targets = ["input", "options"];
  declare readonly inputTarget: HTMLInputElement;
  declare readonly optionsTarget: HTMLDataListElement;
  private timer = 0;

  submit(): void {
    this.element.requestSubmit();
  }

  suggest(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.load(), 150);
  }

  private async load(): Promise<void> {
    const text = this.inputTarget.value;
    const at = text.lastIndexOf(" ") + 1;
    const answer = await fetch(`/findings/suggestions/?word=${encodeURIComponent(text.slice(at))}`);
    if (!answer.ok) return;
    const { suggestions } = (await answer.json()) as { suggestions: string[] };
    this.optionsTarget.replaceChildren(
      ...suggestions.map((value) => {
        const option = document.createElement("option");
        option.value = text.slice(0, at) + value;
        return option;
      }),
    );
  }
}
