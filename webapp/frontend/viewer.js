// The diagram viewer, apart from app.js because only pages with a diagram need its 200 kB:
//   const { NavigatedViewer } = await import(viewerUrl);
export { default as NavigatedViewer } from "bpmn-js/lib/NavigatedViewer";
