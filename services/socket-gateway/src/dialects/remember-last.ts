/** Makes nothing anew for the value that it was asked about last. What is made MUST NOT be changed, and depend on the value alone. */
export const rememberLast = <Value, Made>(make: (value: Value) => Made): ((value: Value) => Made) => {
  let last: { value: Value; made: Made } | null = null;
  return (value) => {
    if (last === null || last.value !== value) last = { value, made: make(value) };
    return last.made;
  };
};
