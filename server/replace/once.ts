/** For what is the same for many: worked out the first time that it is asked about a thing, or a pair, and then remembered. */

export function once<A extends object, V>(make: (about: A) => V): (about: A) => V {
  const known = new Map<A, V>();
  return (about) => {
    if (known.has(about)) return known.get(about) as V;
    const made = make(about);
    known.set(about, made);
    return made;
  };
}

export function oncePair<A extends object, B extends object, V>(make: (a: A, b: B) => V): (a: A, b: B) => V {
  const ofA = once((a: A) => once((b: B) => make(a, b)));
  return (a, b) => ofA(a)(b);
}
