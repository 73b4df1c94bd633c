/** The picture as JPEG, at most `width` pixels wide; `quality` from 0 to 1. */
export async function scaled(
  address: string,
  { quality, width }: { quality: number; width: number | undefined },
): Promise<string> {
  const image = new Image();
  image.src = address;
  await image.decode();
  const scale = Math.min(1, (width ?? image.naturalWidth) / image.naturalWidth);
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(image.naturalWidth * scale);
  canvas.height = Math.round(image.naturalHeight * scale);
  canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL("image/jpeg", quality);
}
