import { ExplainedError } from "./explained-error.ts";

/** Bun.serve, with an error that says what to do when the address cannot be had. */
export function listen<Data = undefined>(options: Bun.Serve.Options<Data>): Bun.Server<Data> {
  try {
    return Bun.serve(options);
  } catch (error) {
    const { hostname, port } = options as { hostname?: string; port?: number };
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    const where = `${hostname ?? ""}:${port ?? ""}`;
    if (code === "EADDRINUSE")
      throw new ExplainedError(`端口已被占用（${where}）：请停止占用它的程序，或在配置中换一个端口`);
    if (code === "EACCES") throw new ExplainedError(`没有权限监听 ${where}：1024 以下的端口需要管理员权限`);
    // The last two: a name that no machine has, an address that is none.
    if (["EADDRNOTAVAIL", "ENOTFOUND", "EINVAL"].includes(String(code)))
      throw new ExplainedError(`本机没有这个地址（${where}），请检查配置`);
    throw error;
  }
}
