// Registering a device on a phone: the camera reads its code, and a small map of what is around fills in where it hangs.
import { all, debounce, el, one, svg, t } from "./lib/dom.js";

const FORMATS = ["qr_code", "code_128", "code_39", "data_matrix", "ean_13"];

/** The camera, where the browser can read codes; elsewhere the typed code and the phone's own camera remain. */
class Scanner {
  constructor(root) {
    this.root = root;
    this.video = one("video", root);
    this.words = one("[data-scan-words]", root);
    root.hidden = false;
    const button = one("[data-camera]", root);
    button.addEventListener("click", () => { button.hidden = true; this.start(button); });
  }

  async start(button) {
    try {
      this.detector = new BarcodeDetector({ formats: FORMATS });
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
      this.video.srcObject = this.stream;
      await this.video.play();
      this.root.classList.add("on");
      this.words.textContent = t("对准设备上的二维码或条码", "Point at the code on the device");
      this.look();
    } catch {
      button.hidden = false;
      this.words.textContent = t("相机打不开，请输入编码。", "The camera cannot be opened; type the code.");
    }
  }

  async look() {
    const [found] = await this.detector.detect(this.video).catch(() => []);
    if (!found) return setTimeout(() => this.look(), 150);
    this.stream.getTracks().forEach((track) => track.stop());
    navigator.vibrate?.(60);
    const form = one("[data-scan-form]");
    form.elements.code.value = found.rawValue;
    form.requestSubmit();
  }
}

const WIDTH = 340, HEIGHT = 240, METRES_A_DEGREE = 111_320;

/** What lies around, as a drawing without tiles: it needs no map server, and works where the phone has little signal. */
class Near {
  constructor(root) {
    this.root = root;
    this.picture = one("[data-near-picture]", root);
    this.words = one("[data-near-words-out]", root);
    this.form = one("form[data-form]");
    this.span = 600; // metres across
    this.units = []; this.buildings = [];
    root.hidden = false;
    one("[data-near-in]", root).addEventListener("click", () => this.zoom(0.6));
    one("[data-near-out]", root).addEventListener("click", () => this.zoom(1 / 0.6));
    one("[data-near-here]", root).addEventListener("click", () => this.here());
    one("[data-near-words]", root).addEventListener("input", debounce((event) => this.find(event.target.value), 250));
    this.picture.addEventListener("click", (event) => this.tapped(event));
    this.here(true);
  }

  here(quiet = false) {
    if (!navigator.geolocation) return;
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => { this.me = [coords.longitude, coords.latitude]; this.go(...this.me); },
      () => { if (!quiet) this.say(t("没有取得位置，可按名称找单位。", "Your place is not known; find the unit by name.")); },
      { enableHighAccuracy: true, timeout: 8000 });
  }

  async go(lng, lat) {
    this.centre = [lng, lat];
    const answer = await fetch(`${this.root.dataset.near}?lng=${lng}&lat=${lat}`, { headers: { Accept: "application/json" } });
    if (answer.ok) ({ units: this.units, buildings: this.buildings } = await answer.json());
    this.fit();
    this.draw();
  }

  /** Wide enough for the six nearest, or says that nothing lies around. */
  fit() {
    const far = [...this.units, ...this.buildings].map((each) => {
      const turn = Math.cos((this.centre[1] * Math.PI) / 180);
      return Math.max(Math.abs(each.lng - this.centre[0]) * turn, Math.abs(each.lat - this.centre[1]) * 1.42) * METRES_A_DEGREE;
    }).sort((a, b) => a - b);
    if (!far.length) return this.say(t("附近 1 公里没有登记过的单位，请按名称查找。", "No registered unit within a kilometre; find it by name."));
    this.span = Math.min(2000, Math.max(120, far[Math.min(5, far.length - 1)] * 2.4));
    this.say(t("点选单位或建筑；点空白处标出设备位置。", "Tap a unit or a building; tap elsewhere to mark the device's place."));
  }

  async find(words) {
    if (words.trim().length < 2) return;
    const answer = await fetch(`${this.root.dataset.near}?q=${encodeURIComponent(words)}`, { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const { units } = await answer.json();
    if (!units.length) return this.say(t("没有找到有坐标的单位。", "No unit with a place was found."));
    await this.go(units[0].lng, units[0].lat);
    if (units.length > 1) this.say(t(`有 ${units.length} 个，最像的在中间：${units[0].name}`, `${units.length} found; the best stands in the middle: ${units[0].name}`));
  }

  zoom(factor) {
    this.span = Math.min(2000, Math.max(60, this.span * factor));
    this.draw();
  }

  at([lng, lat]) {
    const metre = WIDTH / this.span, turn = Math.cos((this.centre[1] * Math.PI) / 180);
    return [WIDTH / 2 + (lng - this.centre[0]) * METRES_A_DEGREE * turn * metre, HEIGHT / 2 - (lat - this.centre[1]) * METRES_A_DEGREE * metre];
  }

  place(x, y) {
    const metre = WIDTH / this.span, turn = Math.cos((this.centre[1] * Math.PI) / 180);
    return [this.centre[0] + (x - WIDTH / 2) / (METRES_A_DEGREE * turn * metre), this.centre[1] - (y - HEIGHT / 2) / (METRES_A_DEGREE * metre)];
  }

  draw() {
    if (!this.centre) return;
    const marks = [this.scale()];
    const taken = [];
    for (const building of this.buildings) marks.push(this.mark("building", building, taken));
    for (const unit of this.units) marks.push(this.mark("unit", unit, taken));
    if (this.me) { const [x, y] = this.at(this.me); marks.push(svg("circle", { cx: x, cy: y, r: 6, class: "near-me" })); }
    if (this.pin) { const [x, y] = this.at(this.pin); marks.push(svg("path", { d: `M${x} ${y}l-7-14a8 8 0 1 1 14 0z`, class: "near-pin" })); }
    this.picture.replaceChildren(...marks);
  }

  mark(kind, thing, taken) {
    const [x, y] = this.at([thing.lng, thing.lat]);
    const chosen = this.form.elements[kind].value === thing.ref;
    const shape = kind === "unit" ? svg("circle", { cx: x, cy: y, r: 7 }) : svg("rect", { x: x - 9, y: y - 9, width: 18, height: 18, rx: 2 });
    const group = svg("g", { class: `near-${kind}${chosen ? " chosen" : ""}`, tabindex: 0, role: "button", "aria-label": thing.name, "data-kind": kind, "data-ref": thing.ref }, shape);
    const free = !taken.some(([tx, ty]) => Math.abs(tx - x) < 84 && Math.abs(ty - y) < 13);
    if (free && x > 0 && x < WIDTH && y > 0 && y < HEIGHT) {
      taken.push([x, y]);
      const left = x > WIDTH * 0.66;
      const label = svg("text", { x: left ? x - 11 : x + 11, y: y + 4, "text-anchor": left ? "end" : "start" });
      label.textContent = thing.name.length > 10 ? `${thing.name.slice(0, 10)}…` : thing.name;
      group.append(label);
    }
    group.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); this.choose(kind, thing); } });
    return group;
  }

  scale() {
    const round = [20, 50, 100, 200, 500].filter((m) => m <= this.span / 3).at(-1) ?? 20;
    const long = (round / this.span) * WIDTH;
    const label = svg("text", { x: 12 + long, y: HEIGHT - 7, class: "near-scale" });
    label.textContent = `${round} m`;
    return svg("g", {}, svg("path", { d: `M8 ${HEIGHT - 14}v4h${long}v-4`, class: "near-scale" }), label);
  }

  tapped(event) {
    if (!this.centre) return;
    const group = event.target.closest("[data-ref]");
    if (group) {
      const list = group.dataset.kind === "unit" ? this.units : this.buildings;
      return this.choose(group.dataset.kind, list.find((each) => each.ref === group.dataset.ref));
    }
    const box = this.picture.getBoundingClientRect();
    this.pinned(this.place(((event.clientX - box.left) / box.width) * WIDTH, ((event.clientY - box.top) / box.height) * HEIGHT));
    this.say(t("已标出设备位置；点单位或建筑可改选。", "The device's place is marked; tap a unit or a building to choose it."));
    this.draw();
  }

  choose(kind, thing) {
    this.form.elements[kind].value = thing.ref;
    if (!this.pin || kind === "unit") this.pinned([thing.lng, thing.lat]);
    if (kind === "building") {
      const floors = [...Array(thing.up ?? 0).keys()].map((n) => `${n + 1}F`).concat([...Array(thing.down ?? 0).keys()].map((n) => `B${n + 1}`));
      one("#floors").replaceChildren(...floors.map((value) => el("option", { value })));
    }
    this.say(`${kind === "unit" ? t("单位", "Unit") : t("建筑", "Building")}：${thing.name}`);
    this.draw();
  }

  pinned(place) {
    this.pin = place;
    [this.form.elements.lng.value, this.form.elements.lat.value] = place.map((n) => n.toFixed(6));
  }

  say(words) { this.words.textContent = words; }
}

const camera = one("[data-scanner]");
if (camera && "BarcodeDetector" in window && navigator.mediaDevices?.getUserMedia) {
  new Scanner(camera);
  all("[data-no-scanner]").forEach((each) => { each.hidden = true; });
}
const around = one("[data-near]");
if (around) new Near(around);
