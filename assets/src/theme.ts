// Before the first paint: the theme that the reader chose, else the system's.
const chosen = localStorage.getItem("theme");
const dark = chosen === "dark" || (chosen !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
document.documentElement.dataset.bsTheme = dark ? "dark" : "light";
