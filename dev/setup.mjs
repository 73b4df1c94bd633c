// Makes this checkout ready to run on a machine with only Node and npm: packages, redis-server and, with --tests,
// Chromium with a Chinese font, nginx and openssl. Instant when nothing is missing. It must run before node_modules
// exists: plain Node.
import { spawnSync } from "node:child_process";
import { accessSync, constants, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/** npm on Windows is a script that only a shell runs. */
const shell = process.platform === "win32";
/** As in dev/miniprogram/browser.ts, which may not be read yet. */
const CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

installPackages();
installPrograms(process.argv.includes("--tests"));

function installPackages() {
  const missing = missingPackages();
  if (missing.length === 0) return;
  say(`installing ${missing.length} npm packages`);
  const options = ["--no-audit", "--no-fund", "--loglevel=error"];
  // A mirror that lacks the builds for other platforms makes `npm ci` refuse a good lock file; `npm install` takes it,
  // and checks the same hashes.
  if (succeeds(["npm", "ci", ...options])) return;
  run(["npm", "install", "--no-save", ...options]);
}

/** Compares the lock file with npm's own record of what it installed. */
function missingPackages() {
  const wanted = packagesOf(join(root, "package-lock.json"));
  const installed = packagesOf(join(root, "node_modules", ".package-lock.json"));
  return Object.keys(wanted).filter((path) => {
    // "" is this project. Optional packages are mostly builds for other platforms.
    if (path === "" || wanted[path].optional) return false;
    return installed[path]?.integrity !== wanted[path].integrity;
  });
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return {};
  }
}

function installPrograms(forTests) {
  const packages = [];
  if (!isOnPath("redis-server")) packages.push("redis-server");
  if (forTests) {
    if (!CHROMIUM_NAMES.some(isOnPath)) packages.push("chromium");
    if (!hasChineseFont()) packages.push("fontconfig", "fonts-wqy-zenhei");
    if (!isOnPath("nginx")) packages.push("nginx-light");
    if (!isOnPath("openssl")) packages.push("openssl");
  }
  if (packages.length > 0) installDebianPackages(packages);
}

function isOnPath(program) {
  const names = process.platform === "win32" ? [`${program}.exe`] : [program];
  const folders = (process.env.PATH ?? "").split(delimiter);
  return folders.some((folder) => names.some((name) => isExecutable(join(folder, name))));
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function hasChineseFont() {
  // macOS and Windows come with one.
  if (process.platform !== "linux") return true;
  return (spawnSync("fc-list", [":lang=zh", "family"], { encoding: "utf8" }).stdout ?? "").trim() !== "";
}

function installDebianPackages(packages) {
  const asRoot = process.getuid?.() === 0 ? [] : ["sudo", "-n"];
  const mayInstall =
    isOnPath("apt-get") && (asRoot.length === 0 || spawnSync("sudo", ["-n", "true"]).status === 0);
  if (!mayInstall) {
    say(
      `missing: ${packages.join(", ")}. Please install them (Debian: apt-get install ${packages.join(" ")}).`,
    );
    process.exit(1);
  }
  say(`installing with apt-get: ${packages.join(" ")}`);
  const aptGet = (args) => [...asRoot, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq", ...args];
  const install = aptGet(["install", "-y", "--no-install-recommends", ...packages]);
  // A fresh machine has no package lists, an old one outdated ones.
  if (succeeds(install)) return;
  run(aptGet(["update"]));
  run(install);
}

/** Quietly: its failure is not the last word. */
function succeeds([program, ...args]) {
  return spawnSync(program, args, { cwd: root, stdio: "ignore", shell }).status === 0;
}

function run([program, ...args]) {
  // Standard output belongs to whoever comes after.
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ["ignore", 2, 2], shell });
  if (status === 0) return;
  say(`failed: ${[program, ...args].join(" ")}${error ? ` (${error.message})` : ""}`);
  process.exit(1);
}

function say(text) {
  process.stderr.write(`setup: ${text}\n`);
}
