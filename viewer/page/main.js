/* Reads the data and shows the page that is made for its kind. */
const page = document.getElementById('page');
readData().then((data) => {
  (data.kind === 'trace' ? new TracePage(data) : new ProfilePage(data)).show(page);
  document.documentElement.dataset.ready = 'yes';
}).catch((error) => {
  page.append(make('p', {class: 'failure', role: 'alert'}, `This page can't be shown here: ${error.message}. It needs a browser of 2023 or newer.`));
  throw error;
});
