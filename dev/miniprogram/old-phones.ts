/** What iOS before 15.4 lacks of what marked uses; loaded with it. WeChat adds nothing to the engine of the phone. */
function at(this: ArrayLike<unknown>, index: number): unknown {
  const place = Math.trunc(index) || 0;
  return this[place < 0 ? this.length + place : place];
}

for (const { prototype } of [Array, String])
  if (!("at" in prototype))
    Object.defineProperty(prototype, "at", { value: at, writable: true, configurable: true });

if (!Reflect.has(Object, "hasOwn"))
  Object.defineProperty(Object, "hasOwn", {
    value: (object: object, key: PropertyKey) => Object.prototype.hasOwnProperty.call(object, key),
    writable: true,
    configurable: true,
  });
