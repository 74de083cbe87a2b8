import { Controller } from "@hotwired/stimulus";

/** Theme and keys, on every page. */
export default class extends Controller {
  static targets = ["theme", "help", "search", "row", "decide", "previous", "following"];
  declare readonly themeTargets: HTMLButtonElement[];
  declare readonly helpTarget: HTMLDialogElement;
  declare readonly searchTargets: HTMLInputElement[];
  declare readonly rowTargets: HTMLTableRowElement[];
  declare readonly decideTargets: HTMLFormElement[];
  declare readonly previousTargets: HTMLAnchorElement[];
  declare readonly followingTargets: HTMLAnchorElement[];

  private here = -1;
  private readonly onKey = (event: KeyboardEvent): void => this.key(event);

  connect(): void {
    document.addEventListener("keydown", this.onKey);
    this.showTheme();
  }

  disconnect(): void {
    document.removeEventListener("keydown", this.onKey);
  }

  theme(): void {
    const order = ["auto", "light", "dark"];
    const now = localStorage.getItem("theme") ?? "auto";
    const next = order[(order.indexOf(now) + 1) % order.length];
    if (next === "auto") localStorage.removeItem("theme");
    else localStorage.setItem("theme", next);
    const dark = next === "dark" || (next === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
    document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
    this.showTheme();
  }

  private showTheme(): void {
    const names: Record<string, string> = { auto: "Auto", light: "Light", dark: "Dark" };
    for (const button of this.themeTargets) button.textContent = names[localStorage.getItem("theme") ?? "auto"];
  }

  private key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches("input:not([type=checkbox]), textarea, select") || target.isContentEditable;
    if (event.ctrlKey || event.metaKey || event.altKey || this.helpTarget.open) return;
    if (typing) {
      if (event.key === "Escape") target.blur();
      return;
    }
    const deeds: Record<string, () => void> = {
      "?": () => this.helpTarget.showModal(),
      "/": () => this.searchTargets[0]?.focus(),
      j: () => (this.rowTargets.length ? this.move(1) : this.followingTargets[0]?.click()),
      k: () => (this.rowTargets.length ? this.move(-1) : this.previousTargets[0]?.click()),
      x: () => this.row()?.querySelector<HTMLInputElement>("input[type=checkbox]")?.click(),
      e: () => this.decide(),
    };
    const deed = deeds[event.key];
    if (!deed) return;
    event.preventDefault();
    deed();
  }

  private row(): HTMLTableRowElement | undefined {
    return this.rowTargets[this.here];
  }

  private move(step: number): void {
    this.row()?.classList.remove("here");
    this.here = Math.min(Math.max(this.here + step, 0), this.rowTargets.length - 1);
    this.row()?.classList.add("here");
    this.row()?.querySelector<HTMLAnchorElement>("th a")?.focus();
    this.row()?.scrollIntoView({ block: "nearest" });
  }

  private decide(): void {
    const form = this.decideTargets[0];
    if (form) {
      form.requestSubmit(form.querySelector<HTMLButtonElement>("button[name=action]"));
      return;
    }
    document.querySelector<HTMLButtonElement>(".bulk button[name=action]:not([disabled])")?.click();
  }
}
