// SPDX-License-Identifier: Apache-2.0

/** The element of index.html with that id. */
export function byId<E extends Element = HTMLElement>(id: string): E {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element as unknown as E;
}

/** A new element of a class, with text. */
export function make<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className = '', text = ''): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

/** A drawing of index.html's sprite. */
export function icon(name: string): SVGSVGElement {
  const namespace = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(namespace, 'svg');
  const use = document.createElementNS(namespace, 'use');
  svg.setAttribute('class', 'icon');
  svg.setAttribute('aria-hidden', 'true');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Gives a toolbar button its drawing, words and pressed state. */
export function dress(button: HTMLElement, drawing: string, words: string, pressed: boolean): void {
  button.querySelector('use')?.setAttribute('href', `#i-${drawing}`);
  const span = button.querySelector('span');
  if (span) span.textContent = words;
  button.setAttribute('aria-pressed', String(pressed));
}
