const SIDE = 132;

/** The picture that a person picks when no real one is wanted: always the same. */
export function playedAvatar(): string {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  context.fillStyle = "#3aa6a0";
  context.fillRect(0, 0, SIDE, SIDE);
  context.fillStyle = "#ffffff";
  context.beginPath();
  context.arc(SIDE / 2, SIDE * 0.4, SIDE * 0.18, 0, Math.PI * 2);
  context.arc(SIDE / 2, SIDE * 0.95, SIDE * 0.34, 0, Math.PI * 2);
  context.fill();
  return canvas.toDataURL("image/png");
}
