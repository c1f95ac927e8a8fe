/** For what is the same for many: worked out the first time that it is asked about a thing, and then remembered. */

export function once<A extends object, V>(make: (about: A) => V): (about: A) => V {
  const known = new Map<A, V>();
  return (about) => {
    if (known.has(about)) return known.get(about) as V;
    const made = make(about);
    known.set(about, made);
    return made;
  };
}
