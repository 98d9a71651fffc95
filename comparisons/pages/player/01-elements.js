/*
 * Elements of the page, made one by one: whatever comes from the document is only ever set as
 * text or as the value of an attribute, so that no name in it can become markup.
 */

/** Return a new HTML element with attributes and children; strings become text. */
function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** Return a new SVG element with attributes and children. */
function drawn(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  return filled(node, attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) mark(node, name, value);
  node.append(...children);
  return node;
}

/** Set an attribute, or take it away where the value is false or there is none. */
function mark(node, name, value) {
  if (value === false || value === null || value === undefined) node.removeAttribute(name);
  else node.setAttribute(name, value === true ? "" : value);
}
