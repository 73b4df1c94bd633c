import { installTools } from "./build/debian-packages.ts";
import { BuildError } from "./build/run-tool.ts";

/** Where Debian puts arm64's C library on machines of another kind. */
const LIBRARIES = "/usr/aarch64-linux-gnu";
/** The package of the first is linked dynamically in some releases, of the second never. */
const NAMES = ["qemu-aarch64", "qemu-aarch64-static"] as const;

/**
 * Installs what runs a program for arm64 on this machine, with apt-get when it is missing: qemu's emulation of one
 * process, and arm64's C library. What such a program starts in its turn is not emulated.
 *
 * @returns the words to put before a command, or why there are none
 */
export async function setUpQemu(): Promise<{ launcher: string[] } | { reason: string }> {
  const { platform, arch } = process;
  if (platform !== "linux" || arch !== "x64")
    return { reason: `qemu is used on linux-x64, this is ${platform}-${arch}` };
  const emulator = () => NAMES.find((name) => Bun.which(name) !== null);
  try {
    await installTools({
      ...(emulator() === undefined && { [NAMES[0]]: "qemu-user" }),
      [`${LIBRARIES}/lib/ld-linux-aarch64.so.1`]: "libc6-arm64-cross",
    });
  } catch (error) {
    if (error instanceof BuildError) return { reason: `qemu could not be installed: ${error.message}` };
    throw error;
  }
  return { launcher: [emulator() ?? NAMES[0], "-L", LIBRARIES] };
}
