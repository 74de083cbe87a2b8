import { Application } from "@hotwired/stimulus";
import "htmx.org";
import CopyController from "./copy";
import PageController from "./page";
import PeriodController from "./period";
import SearchController from "./search";
import SelectionController from "./selection";
import SimulatorController from "./simulator";

const application = Application.start();
application.register("copy", CopyController);
application.register("page", PageController);
application.register("period", PeriodController);
application.register("search", SearchController);
application.register("selection", SelectionController);
application.register("simulator", SimulatorController);
