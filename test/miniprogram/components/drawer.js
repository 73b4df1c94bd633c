// In the place of the page “devices”: shows the drawer with the conversations that a test gives it.
const { claw } = getApp();
let all = [];
claw.api = { chat: { conversations: { query: async () => all } } };

Page({
  onReady() {
    getApp().drawer = this;
  },
  show(conversations) {
    all = conversations;
    this.selectComponent("#drawer").show();
  },
});
