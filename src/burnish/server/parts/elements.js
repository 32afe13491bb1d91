const at = (id) => document.getElementById(id);
const make = (tag, values = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), values);
  element.append(...children);
  return element;
};
const show = (id, shown) => { at(id).hidden = !shown; };
