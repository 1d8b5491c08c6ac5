/** Players and the plugin come as classic scripts with a global, as on most sites. */
export function loadScript(url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.src = url;
    script.onload = () => {
      resolve();
    };
    script.onerror = () => {
      reject(new Error(`${url} did not load`));
    };
    document.head.append(script);
  });
}
