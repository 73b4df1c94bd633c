/** A WebSocket that is open. @throws when it cannot be opened */
export async function openedSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new Error(`no socket to ${url}`)), { once: true });
  });
  return socket;
}
